import { processLife } from "../../services/kit/life.ts";
import { notify } from "../../services/kit/notify.ts";

/** A service that lives by its watchdog: it says that it is well four times as often as it must. */
const life = processLife();
const periodMs = Number(process.env.WATCHDOG_USEC) / 1000 / 4;
const saying = setInterval(() => notify({ WATCHDOG: "1" }), periodMs);
life.onDrain(() => clearInterval(saying));
life.ready();
