import { describe, expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { openapiPage } from "../../../services/api/reader/page.ts";
import { openapi } from "../../../supervisor/control/openapi.ts";
import { api } from "../api.ts";
import { type Element, parse, textIn } from "./parse.ts";

type Json = Readonly<Record<string, unknown>>;
type Parameters = Readonly<{ parameters?: readonly Readonly<{ name: string }>[] }>;

const documents = { "the API": await api().get("/openapi.json"), "the supervisor": openapi() } as const;
const METHODS = ["get", "put", "post", "delete", "patch"];
const keys = (value: unknown): readonly string[] => Object.keys((value ?? {}) as Json);

describe.each(Object.keys(documents) as (keyof typeof documents)[])("the page of %s", (name) => {
  const document = documents[name];
  const { html, contentSecurityPolicy } = openapiPage(document, "/the/document.json");
  const elements = parse(html);
  const named = (tag: string) => elements.filter((element) => element.tag === tag);

  test("is whole: what is opened is closed, ids are there once, links lead somewhere", () => {
    const ids = elements.flatMap(({ attributes }) => attributes.id ?? []);
    expect(new Set(ids).size).toBe(ids.length);
    const links = named("a").map(({ attributes }) => attributes.href ?? "");
    expect(links.length).toBeGreaterThan(10);
    expect(links.filter((link) => link !== "/the/document.json" && !ids.includes(link.slice(1)))).toEqual([]);
  });

  test("shows every operation, with its parameters and statuses, and every schema", () => {
    const articles = named("article").map(textIn);
    for (const [path, item] of Object.entries(document.paths as Record<string, Json>)) {
      for (const method of keys(item).filter((key) => METHODS.includes(key))) {
        const article = articles.find((text) => text.startsWith(`${method.toUpperCase()}${path} `)) ?? "";
        const { responses, parameters = [] } = item[method] as Parameters & Readonly<{ responses: Json }>;
        const told = [...keys(responses), ...parameters.map((parameter) => parameter.name)];
        expect({ method, path, missing: told.filter((word) => !article.includes(word)) }).toEqual({
          method,
          path,
          missing: [],
        });
      }
    }
    const schemas = keys((document.components as Json).schemas);
    expect(schemas.filter((schema) => !articles.some((text) => text.startsWith(schema)))).toEqual([]);
  });

  test("runs nothing and loads nothing, and its policy allows its own style alone", () => {
    const loads = elements.filter(({ tag, attributes }) => tag === "script" || tag === "link" || "src" in attributes);
    expect(loads).toEqual([]);
    expect(
      keys(Object.assign({}, ...elements.map(({ attributes }) => attributes))).filter((key) =>
        /^(on|style$)/.test(key),
      ),
    ).toEqual([]);
    const [style] = named("style");
    const hash = createHash("sha256")
      .update(style?.inner ?? "")
      .digest("base64");
    expect(contentSecurityPolicy).toContain(`default-src 'none'; style-src 'sha256-${hash}';`);
    expect(contentSecurityPolicy).not.toContain("unsafe");
    expect(style?.inner).toContain("color-scheme: light dark");
    expect(style?.inner).not.toMatch(/url\(|@import/);
  });
});

test("what a document says is text: it makes no element, and opens no attribute", () => {
  const bad = `"><script>alert(1)</script>'&`;
  const schema = { type: "object", description: bad, properties: { [bad]: { enum: [bad], pattern: bad } } };
  const operation = {
    operationId: bad,
    tags: [bad],
    summary: bad,
    parameters: [{ name: bad, in: bad, schema }],
    responses: { [bad]: { description: bad, headers: { [bad]: {} }, content: { [bad]: { schema } } } },
  };
  const document = {
    info: { title: bad, version: bad },
    paths: { [bad]: { get: operation } },
    components: { schemas: { [bad]: schema } },
  };
  const elements = parse(openapiPage(document, bad).html);
  expect(elements.filter(({ tag }) => tag === "script")).toEqual([]);
  const article = elements.find(({ tag }) => tag === "article") as Element;
  expect(article.attributes).toEqual({ id: bad });
  expect(textIn(article).split(bad).length).toBeGreaterThan(8);
});

test("a document that says next to nothing still makes a page, and what it says of a path holds for its operations", () => {
  const elements = parse(openapiPage({ paths: { "/x": { get: {}, parameters: [{ name: "q" }] } } }, "/d").html);
  const text = textIn(elements.find(({ tag }) => tag === "article") as Element);
  expect(text).toStartWith("GET/x ");
  expect(text).toContain("Parametersq ");
});

test("the API sends the page as one to read, with its policy", async () => {
  const answer = await api().app.request("/docs");
  expect(answer.headers.get("content-type")).toBe("text/html; charset=UTF-8");
  expect(answer.headers.get("x-content-type-options")).toBe("nosniff");
  const html = await answer.text();
  expect(answer.headers.get("content-security-policy")).toBe(
    openapiPage(documents["the API"], "/openapi.json").contentSecurityPolicy,
  );
  expect(html).toBe(openapiPage(documents["the API"], "/openapi.json").html);
});
