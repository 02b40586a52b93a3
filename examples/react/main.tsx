import "nca-texture/element";
import lava from "nca-texture/textures/lava.nca.json";
import water from "nca-texture/textures/water.nca.json";
import { StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";

function Textures() {
  const [paused, setPaused] = useState(false);
  return (
    <>
      <nca-texture bundle={lava} paused={paused} brush={8} alt="Lava" onerror={({ detail }) => alert(detail.message)} />
      <nca-texture bundle={water} paused={paused} brush={8} alt="Water" />
      <p>
        <button onClick={() => setPaused(!paused)}>{paused ? "Play" : "Pause"}</button>
      </p>
    </>
  );
}

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <Textures />
  </StrictMode>,
);
