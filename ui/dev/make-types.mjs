// Writes src/api/types.ts from the API contract, so that page and engine cannot drift apart.
// With --check it only says whether the file is current.
import { readFileSync, writeFileSync } from "node:fs";

const contract = new URL("../../src/web/openapi.json", import.meta.url);
const target = new URL("../src/api/types.ts", import.meta.url);
const { components } = JSON.parse(readFileSync(contract, "utf8"));

function typeOf(schema, indent) {
  if (schema.$ref) return schema.$ref.split("/").pop();
  if (schema.oneOf) return schema.oneOf.map((s) => typeOf(s, indent)).join(" | ");
  if (schema.enum) return schema.enum.map((word) => JSON.stringify(word)).join(" | ");
  if (Array.isArray(schema.type)) {
    return schema.type.map((type) => typeOf({ ...schema, type }, indent)).join(" | ");
  }
  switch (schema.type) {
    case "string":
      return "string";
    case "integer":
    case "number":
      return "number";
    case "boolean":
      return "boolean";
    case "null":
      return "null";
    case "array": {
      const item = typeOf(schema.items, indent);
      return item.includes("|") || item.includes("{") ? `Array<${item}>` : `${item}[]`;
    }
    case "object":
      return objectType(schema, indent);
    default:
      throw new Error(`no type for ${JSON.stringify(schema)}`);
  }
}

function objectType(schema, indent) {
  if (schema.additionalProperties && schema.additionalProperties !== true) {
    return `Record<string, ${typeOf(schema.additionalProperties, indent)}>`;
  }
  const inner = indent + "  ";
  const lines = Object.entries(schema.properties).map(([name, property]) => {
    const optional = schema.required?.includes(name) ? "" : "?";
    const doc = property.description ? `${inner}/** ${property.description} */\n` : "";
    return `${doc}${inner}${name}${optional}: ${typeOf(property, inner)};`;
  });
  return `{\n${lines.join("\n")}\n${indent}}`;
}

const parts = Object.entries(components.schemas).map(([name, schema]) => {
  const doc = schema.description ? `/** ${schema.description} */\n` : "";
  const type = typeOf(schema, "");
  return schema.type === "object" && schema.properties
    ? `${doc}export interface ${name} ${type}`
    : `${doc}export type ${name} = ${type};`;
});
const text =
  "// Made from src/web/openapi.json by `npm run types`. Do not edit.\n\n" + parts.join("\n\n") + "\n";

if (process.argv.includes("--check")) {
  if (readFileSync(target, "utf8") !== text) {
    console.error("src/api/types.ts is not what the contract says: run `npm run types`");
    process.exit(1);
  }
} else {
  writeFileSync(target, text);
}
