"""The notices that licences of shipped textures' pictures ask for."""

import json
import tomllib

from paths import ROOT

MIT = "Permission is hereby granted, free of charge, to any person obtaining a copy"


def test_the_notice_names_each_texture_of_an_mit_picture_and_ships():
    notice = (ROOT / "NOTICE").read_text(encoding="utf-8")
    texts = {path.name.partition(".")[0]: path.read_text() for path in (ROOT / "nca" / "gallery").glob("*.nca.json")}
    named = [name for name, text in texts.items() if "MIT" in json.dumps(json.loads(text)["provenance"])]
    assert named
    assert all(name in notice for name in named)
    assert "Copyright (C) 2015 by John Coady, Ruth Chabay, and Bruce Sherwood" in notice
    assert MIT in notice
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["license-files"] == ["LICENSE", "NOTICE"]
