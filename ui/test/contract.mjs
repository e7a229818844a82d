// Holds what the API answers against the contract: src/web/openapi.json. Knows the part of JSON
// Schema that the contract uses, and refuses the rest.
import { readFileSync } from "node:fs";

const contract = JSON.parse(readFileSync(new URL("../../src/web/openapi.json", import.meta.url), "utf8"));
const known = new Set([
  "$ref", "type", "required", "properties", "items", "enum", "oneOf", "additionalProperties", "minimum", "maximum",
  "minItems", "maxItems", "minLength", "maxLength", "pattern", "format", "default", "description",
]);

const typeOf = (value) => (value === null ? "null" : Array.isArray(value) ? "array" : Number.isInteger(value) ? "integer" : typeof value);

function typeFits(value, type) {
  const found = typeOf(value);
  return found === type || (found === "integer" && type === "number");
}

/** The faults of `value`, each with its place; empty = it fits. */
export function faultsOf(value, schema, place = "") {
  const unknown = Object.keys(schema).find((word) => !known.has(word));
  if (unknown) throw new Error(`the contract uses "${unknown}", which this check does not know`);
  if (schema.$ref) return faultsOf(value, resolve(schema.$ref), place);
  if (schema.oneOf) {
    const fits = schema.oneOf.map((one) => faultsOf(value, one, place));
    return fits.some((faults) => faults.length === 0) ? [] : fits.sort((a, b) => a.length - b.length)[0];
  }
  const types = schema.type === undefined ? [] : [schema.type].flat();
  if (types.length > 0 && !types.some((type) => typeFits(value, type))) return [`${place}: is ${typeOf(value)}, not ${types.join(" or ")}`];
  if (schema.enum && !schema.enum.includes(value)) return [`${place}: "${value}" is none of ${schema.enum.join(", ")}`];
  switch (typeOf(value)) {
    case "object": return objectFaults(value, schema, place);
    case "array": return arrayFaults(value, schema, place);
    case "integer":
    case "number": return numberFaults(value, schema, place);
    case "string": return schema.format === "date-time" && Number.isNaN(Date.parse(value)) ? [`${place}: "${value}" is no time`] : [];
    default: return [];
  }
}

const resolve = (reference) => reference.slice(2).split("/").reduce((at, name) => at[name], contract);

function objectFaults(value, schema, place) {
  const missing = (schema.required ?? []).filter((name) => !(name in value)).map((name) => `${place}/${name}: is missing`);
  const inner = Object.entries(value).flatMap(([name, part]) => {
    const known_part = schema.properties?.[name];
    if (known_part) return faultsOf(part, known_part, `${place}/${name}`);
    if (typeof schema.additionalProperties === "object") return faultsOf(part, schema.additionalProperties, `${place}/${name}`);
    return schema.properties ? [`${place}/${name}: is not in the contract`] : [];
  });
  return [...missing, ...inner];
}

function arrayFaults(value, schema, place) {
  const length = [];
  if (value.length < (schema.minItems ?? 0)) length.push(`${place}: has ${value.length} items, fewer than ${schema.minItems}`);
  if (value.length > (schema.maxItems ?? Infinity)) length.push(`${place}: has ${value.length} items, more than ${schema.maxItems}`);
  return [...length, ...value.flatMap((item, i) => faultsOf(item, schema.items ?? {}, `${place}/${i}`))].slice(0, 5);
}

function numberFaults(value, schema, place) {
  if (value < (schema.minimum ?? -Infinity) || value > (schema.maximum ?? Infinity)) return [`${place}: ${value} is out of range`];
  return [];
}

const routes = Object.entries(contract.paths).map(([path, methods]) => ({
  path, methods, pattern: new RegExp(`^${path.replace(/[.]/g, "\\.").replace(/\{[^}]+\}/g, "[^/]+")}$`),
}));

/** The faults of one answer of the API. */
export function answerFaults(method, path, status, content_type, text) {
  const route = routes.filter(({ pattern }) => pattern.test(path)).sort((a, b) => a.path.split("{").length - b.path.split("{").length)[0];
  const operation = route?.methods[method.toLowerCase()];
  if (!operation) return [`${method} ${path} is not in the contract`];
  let response = operation.responses[String(status)];
  if (!response) return [`${method} ${path}: status ${status} is not in the contract`];
  if (response.$ref) response = resolve(response.$ref);
  if (!response.content) return text === "" ? [] : [`${method} ${path}: ${status} has a body`];
  const type = content_type.split(";")[0];
  if (!response.content[type]) return [`${method} ${path}: ${type} is not in the contract`];
  if (!type.endsWith("json")) return [];
  return faultsOf(JSON.parse(text), response.content[type].schema).map((fault) => `${method} ${path}: ${fault}`);
}

/** Checks every answer of the API that this page gets. */
export function watchAnswers(page, faults) {
  page.on("response", async (response) => {
    const { pathname } = new URL(response.url());
    if (!pathname.startsWith("/api/") || pathname.endsWith("/events")) return;
    try {
      const text = response.status() === 204 ? "" : await response.text();
      const found = answerFaults(response.request().method(), pathname, response.status(), response.headers()["content-type"] ?? "", text);
      faults.push(...found.filter((fault) => !faults.includes(fault)));
    } catch (error) {
      // The page went on before the answer was read.
      if (!/No resource|Target|closed|Protocol error|navigat/i.test(String(error))) faults.push(`${pathname}: ${error}`);
    }
  });
}
