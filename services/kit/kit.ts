/**
 * The library of a supervised service, published as `supervisor/kit`: serve on an inherited listener, say what you are
 * doing, end without failing a request. Everything works without a supervisor too.
 */
export { clientAddress } from "./client-address.ts";
export { type ConfigOptions, type ConfigResult, type LiveConfig, liveConfig } from "./config.ts";
export { type EventSink, type EventStreamOptions, eventStream, type ServerEvent } from "./event-stream.ts";
export { type BuildInfo, type HealthOptions, mountHealth, type ReadinessCheck } from "./health.ts";
export { type Life, processLife } from "./life.ts";
export { type InheritedListener, inherited } from "./listeners.ts";
export { notify } from "./notify.ts";
export type { ServeMode } from "./on-listener.ts";
export { type Aside, servePrivately } from "./private.ts";
export { type Servable, type Served, type ServeOptions, serve } from "./serve.ts";
export { upgrade, type WebSocketHandlers, type WebSocketPeer } from "./web-socket.ts";
