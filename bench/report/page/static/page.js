// What every page does. The views' own modules come after it.

import { enhanceTables } from "./tables.js";
import { showViews } from "./views.js";

document.documentElement.classList.add("scripted");
enhanceTables();
showViews();
