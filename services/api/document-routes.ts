import { Hono } from "hono";
import { openapiPage, type Page } from "./reader/page.ts";
import type { Json } from "./reader/schema-markup.ts";

const DOCUMENT = "/openapi.json";

/** `/openapi.json`, and `/docs`, where people read it. The document is made when it is first asked for. */
export function documentRoutes(makeDocument: () => Json): Hono {
  const app = new Hono();
  let document: Json | null = null;
  let page: Page | null = null;
  const made = (): Json => {
    document ??= makeDocument();
    return document;
  };
  app.get(DOCUMENT, (c) => c.json(made()));
  app.get("/docs", (c) => {
    page ??= openapiPage(made(), DOCUMENT);
    const headers = { "content-security-policy": page.contentSecurityPolicy, "x-content-type-options": "nosniff" };
    return c.html(page.html, 200, { ...headers, "referrer-policy": "no-referrer" });
  });
  return app;
}
