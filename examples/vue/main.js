import { createApp } from "vue";
import Textures from "./Textures.vue";

createApp(Textures).mount("#root");
