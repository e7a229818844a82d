import { render } from "preact";
import "./styles/fonts.css";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/shell.css";
import "./styles/parts.css";
import "./styles/pages.css";
import { App } from "./app";
import { applyTheme } from "./lib/prefs";

applyTheme();
render(<App />, document.getElementById("app") as HTMLElement);
