// What changed from one schema to another, as JSON: node diff.mjs OLD.graphql NEW.graphql
import { readFileSync } from "node:fs";
import { diff } from "@graphql-inspector/core";
import { buildSchema } from "graphql";

const [old, current] = process.argv.slice(2, 4).map((path) => buildSchema(readFileSync(path, "utf8")));
const changes = await diff(old, current);
const shown = changes.map(({ type, path, message, criticality }) => ({
  level: criticality.level,
  kind: type,
  path: path ?? "",
  message,
}));
console.log(JSON.stringify(shown));
