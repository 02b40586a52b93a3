"""The Content-Security-Policy of exported pages: what is in a page can ask for nothing outside of it."""

import pytest

from nca.export.formats.embed import render_embed
from nca.export.formats.page import render_page
from rules import random_rule

ASK = """async () => {
  const refused = new Set();
  const all = new Promise((tell) => addEventListener("securitypolicyviolation", ({ effectiveDirective }) =>
    refused.add(effectiveDirective.split("-")[0]).size == 4 && tell()));
  document.body.append(Object.assign(new Image(), { src: "https://example.org/image.png" }));
  document.head.append(Object.assign(document.createElement("script"), { src: "https://example.org/script.js" }));
  await fetch("https://example.org/").catch(() => {});
  document.body.append(Object.assign(document.createElement("iframe"), { src: "https://example.org/frame" }));
  await all;
  return [...refused].sort();
}"""
FORM = """async () => {
  const base = Object.assign(document.createElement("base"), { href: "https://example.org/" });
  document.head.append(base);
  const form = Object.assign(document.createElement("form"), { action: "https://example.org/", method: "post" });
  const refused = new Promise((tell) => addEventListener("securitypolicyviolation", (event) =>
    event.effectiveDirective == "form-action" && tell(true)));
  document.body.append(form);
  form.submit();
  return [document.baseURI.startsWith("file:"), await refused];
}"""


@pytest.mark.parametrize("render", [render_page, render_embed], ids=["page", "embed"])
def test_no_request_leaves_a_page(open_page, render):
    tab = open_page(random_rule(4, 8), "#paused", render=render)
    assert tab.complaints == []
    assert tab.evaluate(ASK) == ["connect", "frame", "img", "script"]  # what the policy refused


def test_no_form_and_no_base_leads_out_of_the_page(open_page):
    assert open_page(random_rule(4, 8), "#paused").evaluate(FORM) == [True, True]
