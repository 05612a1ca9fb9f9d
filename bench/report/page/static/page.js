// What every page does. The views' own modules come after it.

import { showDrawings } from "./drawings.js";
import { enhanceTables } from "./tables.js";
import { showViews } from "./views.js";

document.documentElement.classList.add("scripted");
enhanceTables();
showDrawings();
showViews();
