const quoted = /"(?:[^"\\\n]|\\.)*"|'(?:[^'\\\n]|\\.)*'|(?<=^\s*|\[\s*)`[^`\\$]*`/gu;

/** Words beside each other, as in `new Thing`: only operators and statements have them. */
const wordsInARow = /[\p{ID_Continue}$"]\s+[\p{ID_Continue}$"]/u;

/** They may also stand before a bracket: `delete [bucket][0].key`. After a dot they are properties' names. */
const operator = /(?<![\p{ID_Continue}$.]|\.\s*)(?:await|delete|new|throw|yield)(?![\p{ID_Continue}$])/u;

const allowed = /^[\p{ID_Continue}$".?,[\]\s]*$/u;

/**
 * Whether code has only names, dots, brackets, numbers and strings: `a.b["c"][0]`. It then calls, assigns and makes nothing.
 * No parser is needed to see it.
 */
export function isPlain(code: string): boolean {
  const bare = code.replace(quoted, '""');
  return allowed.test(bare) && !wordsInARow.test(bare) && !operator.test(bare);
}

/** What Node evaluates to complete an expression is in a `try`. */
export function insideTry(code: string): string {
  return /^\s*try\s*\{(.*)\}\s*catch\s*\{\s*\}\s*$/su.exec(code)?.[1] ?? code;
}
