// Names the pages of the site by their headings, divides them into groups, and keeps their place: docs/layers.md is
// docs/layers.html.
import { Converter, KindRouter } from "typedoc";

const modules = new Map([
  ["lib", "s3bucketmap"],
  ["lib/layers", "s3bucketmap/layers"],
  ["lib/testing", "s3bucketmap/testing"],
]);

/** @param {string} page */
function groupOf(page) {
  if (page.startsWith("docs/decisions/")) return "Decisions";
  return page.startsWith("docs/") && page !== "docs/README" ? "Guide" : "Project";
}

class FileRouter extends KindRouter {
  /**
   * @override
   * @param {import("typedoc").Reflection} reflection
   */
  getIdealBaseName(reflection) {
    return reflection.isDocument()
      ? String(reflection.frontmatter["page"])
      : super.getIdealBaseName(reflection);
  }
}

/** @param {import("typedoc").Application} app */
export function load(app) {
  app.renderer.defineRouter("file", FileRouter);
  app.converter.on(Converter.EVENT_CREATE_DOCUMENT, (_, document) => {
    const text = document.content.map((part) => part.text).join("");
    const [, heading] = /^# (.*)$/m.exec(text) ?? [];
    document.frontmatter["page"] = document.name;
    document.frontmatter["group"] = groupOf(document.name);
    if (heading !== undefined) document.name = heading.replaceAll("`", "");
  });
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.children ?? []) module.name = modules.get(module.name) ?? module.name;
  });
}
