import { createHash } from "node:crypto";
import { html, type Markup, prose } from "./markup.ts";
import { type Json, jsonOf, listOf, schemaAnchor, schemaMarkup } from "./schema-markup.ts";
import { STYLE } from "./style.ts";

/** A page to read an OpenAPI document on, and the policy that it is to be sent with: it may run nothing and load nothing. */
export type Page = Readonly<{ html: string; contentSecurityPolicy: string }>;

type Operation = Readonly<{
  method: string;
  path: string;
  anchor: string;
  tag: string;
  said: Json;
  parameters: readonly Json[];
}>;

const METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace"] as const;

/** Under which operations stand that name no tag. */
const UNTAGGED = "operations";

/**
 * Makes a page of any OpenAPI 3.1 document: every operation by tag, with its parameters, body, responses and headers, and the named schemas.
 * `url`: where the document itself is. Source: OpenAPI 3.1.
 */
export function openapiPage(document: Json, url: string): Page {
  const info = jsonOf(document.info);
  const operations = operationsOf(document);
  const tags = [...new Set(operations.map(({ tag }) => tag))];
  const page = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${String(info.title)}</title>
<style>${{ markup: STYLE }}</style>
</head>
<body>
<header><h1>${String(info.title)} <small>${String(info.version)}</small></h1><p>${prose(info.description)} <a href="${url}">The document</a> itself is for machines.</p></header>
<nav>${tags.map((tag) => navigation(tag, operations))}</nav>
<main>${tags.map((tag) => section(tag, operations, document))}${schemas(document)}</main>
</body>
</html>
`;
  return { html: page.markup, contentSecurityPolicy: POLICY };
}

const STYLE_HASH = createHash("sha256").update(STYLE).digest("base64");
const POLICY = `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'`;

function operationsOf(document: Json): readonly Operation[] {
  return Object.entries(jsonOf(document.paths)).flatMap(([path, item]) => {
    const shared = listOf(jsonOf(item).parameters).map(jsonOf);
    return METHODS.flatMap((method) => {
      const found = jsonOf(item)[method];
      if (found === undefined) return [];
      const said = jsonOf(found);
      const anchor =
        typeof said.operationId === "string" ? said.operationId : `${method}${path.replace(/[^\w]+/g, "-")}`;
      const parameters = [...shared, ...listOf(said.parameters).map(jsonOf)];
      return [
        { method: method.toUpperCase(), path, anchor, tag: String(listOf(said.tags)[0] ?? UNTAGGED), said, parameters },
      ];
    });
  });
}

function navigation(tag: string, operations: readonly Operation[]): Markup {
  const links = operations
    .filter((operation) => operation.tag === tag)
    .map(
      ({ method, path, anchor }) =>
        html`<li><span class="method">${method}</span><a href="#${anchor}"><code>${path}</code></a></li>`,
    );
  return html`<ul>${links}</ul>`;
}

function section(tag: string, operations: readonly Operation[], document: Json): Markup {
  const about = listOf(document.tags)
    .map(jsonOf)
    .find(({ name }) => name === tag);
  const articles = operations
    .filter((operation) => operation.tag === tag)
    .map((operation) => article(operation, document));
  return html`<section><h2>${tag}</h2>${about?.description ? html`<p>${prose(about.description)}</p>` : null}${articles}</section>`;
}

function article({ method, path, anchor, said, parameters }: Operation, document: Json): Markup {
  const body = jsonOf(said.requestBody);
  const responses = Object.entries(jsonOf(said.responses)).map(([status, response]) =>
    responseMarkup(status, jsonOf(response), document),
  );
  return html`<article id="${anchor}">
<h3><span class="method">${method}</span><code>${path}</code></h3>
<p>${prose(said.summary)} ${prose(said.description)}</p>
${parameters.length > 0 ? html`<h4>Parameters</h4><dl>${parameters.map(parameterMarkup)}</dl>` : null}
${said.requestBody ? html`<h4>Body</h4>${contents(body)}` : null}
<h4>Answers</h4>${responses}
</article>`;
}

function parameterMarkup({ name, in: place, required, description, schema }: Json): Markup {
  const mark = required === true ? html` <span class="required">required</span>` : null;
  return html`<dt><code>${String(name)}</code> <span class="where">${String(place)}</span>${mark}</dt><dd>${prose(description)}${schemaMarkup(schema)}</dd>`;
}

function responseMarkup(status: string, response: Json, document: Json): Markup {
  const headers = Object.entries(jsonOf(response.headers)).map(([name, header]) => {
    const { description, schema } = resolved(jsonOf(header), document);
    return html`<dt><code>${name}</code> <span class="where">header</span></dt><dd>${prose(description)}${schemaMarkup(schema)}</dd>`;
  });
  return html`<details><summary><span class="status" data-class="${status.slice(0, 1)}">${status}</span> ${prose(response.description)}</summary>${contents(response)}${headers.length > 0 ? html`<dl>${headers}</dl>` : null}</details>`;
}

function contents({ content }: Json): readonly Markup[] {
  return Object.entries(jsonOf(content)).map(
    ([type, media]) => html`<p><code>${type}</code></p>${schemaMarkup(jsonOf(media).schema)}`,
  );
}

/** What a reference within the document names. Errors: none; what is not there is empty. */
function resolved(value: Json, document: Json): Json {
  if (typeof value.$ref !== "string") return value;
  const path = value.$ref.replace(/^#\//, "").split("/");
  return path.reduce<Json>((at, part) => jsonOf(at[part]), document);
}

function schemas(document: Json): Markup {
  const named = Object.entries(jsonOf(jsonOf(document.components).schemas));
  const articles = named.map(
    ([name, schema]) =>
      html`<article id="${schemaAnchor(name)}"><h3><code>${name}</code></h3>${schemaMarkup(schema)}</article>`,
  );
  return html`<section><h2>schemas</h2>${articles}</section>`;
}
