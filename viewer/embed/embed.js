/** The page for an <iframe>. It shows only the texture, and pointers erase its cells. */

import { live } from "./live.js";

live();
