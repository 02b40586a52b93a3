import vue from "@vitejs/plugin-vue";
import { defineConfig } from "vite";

// Otherwise Vue looks for a component of this name, and warns that it finds none.
const isCustomElement = (tag) => tag == "nca-texture";

export default defineConfig({ plugins: [vue({ template: { compilerOptions: { isCustomElement } } })] });
