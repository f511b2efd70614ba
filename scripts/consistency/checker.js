// @ts-check
// Could a register have answered so? A key is a register: it is set, deleted, set on a condition, and read. An
// operation takes effect at one moment within its interval. The checker goes through the beginnings and ends of all
// intervals in order, and keeps every state that the key may be in: its value, and which of the operations under way
// have taken effect. Nothing takes effect before it must, which is when its own interval, or that of an operation that
// needs it, ends. Then every order of the writes under way is tried that makes it do so. This loses no possibility: a
// write that is put off until something needs it can still take its place in any order, for what had to come before it has been
// applied already. A read takes effect as soon as it can, which forbids nothing to others. Where no state is left,
// no order explains the history (Lowe, "Testing for linearizability", 2017, just-in-time linearization).
// The states are exact: nothing is reported that could have been, and nothing that could not have been is missed. Deletes
// (many ways to be absent) and writes that may or may not have happened, which break the faster checks for
// unique values, need no special case. It is fast because few writes to one key are under way at a time; a key with more
// than MAX_STATES is reported as undecided, which fails the run.

/** Of one key. */
const MAX_STATES = 20_000;

/**
 * @typedef {string | null} Value null: the key is absent
 * @typedef {object} Span
 * @property {string} id
 * @property {number} begin
 * @property {number} end Infinity: it may take effect whenever, or never
 * @property {string} by
 * @property {string} via
 *
 * @typedef {Span & { type: "write", to: Value, from?: Value, must: boolean, unless?: string[] }} Write
 * `from`: only where the key has this value. `must`: it was acknowledged. `unless`: only before each of these writes.
 * @typedef {Span & { type: "read", is: "value" | "not", value: Value, after?: string[] }} Read
 * "not" null: it was there. `after`: these writes of the reader come first.
 * @typedef {Write | Read} Op
 * @typedef {{ value: Value, done: readonly string[] }} State `done`: of those under way, in order
 * @typedef {{ op: Op, possible: Value[] }} Violation `possible`: what the key may have been when it ended
 */

/** @param {State} state */
const nameOf = ({ value, done }) => `${value === null ? "-" : `=${value}`} ${done.join(" ")}`;
/** @param {readonly string[]} done @param {string} id */
const plus = (done, id) => [...done, id].sort();
/** @param {State} state @param {string} id @returns {State} */
const without = (state, id) =>
  state.done.includes(id) ? { ...state, done: state.done.filter((one) => one !== id) } : state;

class Register {
  /** @type {Map<string, State>} */
  states = new Map();
  /** @type {Set<Write>} */
  writes = new Set();
  /** @type {Set<Read>} */
  reads = new Set();
  /** @type {Set<string>} What has taken effect in every state. */
  past = new Set();

  constructor() {
    this.#become([{ value: null, done: [] }]);
  }

  /** @param {Op} op */
  begin(op) {
    if (op.type === "write") return void this.writes.add(op);
    this.reads.add(op);
    this.#become([...this.states.values()].map((state) => this.#reading(state)));
  }

  /** @param {Op} op @returns {Violation | undefined} */
  end(op) {
    const isOptional = op.type === "write" && !op.must;
    /** @type {State[]} */
    const left = [];
    /** @type {Set<Value>} */
    const possible = new Set();
    for (const state of this.states.values()) {
      if (isOptional || state.done.includes(op.id)) left.push(state);
      if (!state.done.includes(op.id)) left.push(...this.#reach(state, op, possible));
    }
    this.writes.delete(/** @type {Write} */ (op));
    this.reads.delete(/** @type {Read} */ (op));
    if (op.type === "write") this.past.add(op.id);
    if (left.length > 0) {
      this.#become(left.map((state) => without(state, op.id)));
      return undefined;
    }
    // Said once: from here on what it says may be so.
    const said = op.type === "write" ? op.to : op.is === "value" ? op.value : undefined;
    const old = op.type === "write" ? [] : [...this.states.values()];
    const others = [...this.states.values()].map((state) => ({ ...state, value: said ?? null }));
    this.#become([...old, ...(said === undefined ? [] : others)].map((state) => this.#reading(state)));
    return { op, possible: [...possible] };
  }

  /** The states in which `op` has just taken effect. @param {State} from @param {Op} op @param {Set<Value>} possible */
  #reach(from, op, possible) {
    /** @type {State[]} */
    const found = [];
    const seen = new Set([nameOf(from)]);
    const open = [from];
    for (let state = open.pop(); state !== undefined; state = open.pop()) {
      possible.add(state.value);
      if (seen.size > MAX_STATES) throw new RangeError("too many states");
      for (const write of this.writes) {
        if (!this.#canApply(state, write)) continue;
        const next = this.#reading({ value: write.to, done: plus(state.done, write.id) });
        const name = nameOf(next);
        if (seen.has(name)) continue;
        seen.add(name);
        (next.done.includes(op.id) ? found : open).push(next);
      }
    }
    return found;
  }

  /** @param {State} state @param {Write} write */
  #canApply(state, { id, from, unless }) {
    if (state.done.includes(id) || (from !== undefined && from !== state.value)) return false;
    return unless === undefined || unless.every((other) => !this.#isDone(state, other));
  }

  /** @param {State} state @param {string} id */
  #isDone(state, id) {
    return this.past.has(id) || state.done.includes(id);
  }

  /** Lets all reads that this state allows take effect. @param {State} state @returns {State} */
  #reading(state) {
    let { done } = state;
    for (const { id, is, value, after } of this.reads) {
      if (done.includes(id) || (is === "value") !== (value === state.value)) continue;
      if (after === undefined || after.every((other) => this.#isDone(state, other))) done = plus(done, id);
    }
    return done === state.done ? state : { ...state, done };
  }

  /** @param {readonly State[]} states */
  #become(states) {
    this.states = new Map(states.map((state) => [nameOf(state), state]));
    if (this.states.size > 16) this.#thin();
    if (this.states.size > MAX_STATES) throw new RangeError("too many states");
  }

  /** A state in which more reads have taken effect, and all else is the same, allows whatever the other does. */
  #thin() {
    const reads = new Set([...this.reads].map(({ id }) => id));
    /** @type {Map<string, State[]>} */
    const alike = new Map();
    const most = [...this.states.values()].sort((a, b) => b.done.length - a.done.length);
    for (const state of most) {
      const name = nameOf({ ...state, done: state.done.filter((id) => !reads.has(id)) });
      const others = alike.get(name) ?? [];
      const isCovered = others.some(({ done }) => state.done.every((id) => done.includes(id)));
      if (!isCovered) alike.set(name, [...others, state]);
    }
    this.states = new Map([...alike.values()].flat().map((state) => [nameOf(state), state]));
  }
}

/**
 * What no order of one key's operations explains.
 *
 * @param {readonly Op[]} ops
 * @returns {{ violations: Violation[], undecided: boolean }}
 */
function check(ops) {
  const ids = new Set(ops.filter((op) => op.type === "write" && op.must).map(({ id }) => id));
  const events = ops.flatMap((op) => {
    // What may not have happened is nothing to wait for.
    if (op.type === "read" && op.after !== undefined)
      op = { ...op, after: op.after.filter((id) => ids.has(id)) };
    const begin = { at: op.begin, isEnd: false, op };
    return op.end === Infinity ? [begin] : [begin, { at: op.end, isEnd: true, op }];
  });
  events.sort((a, b) => a.at - b.at || Number(a.isEnd) - Number(b.isEnd));
  const register = new Register();
  /** @type {Violation[]} */
  const violations = [];
  try {
    for (const { isEnd, op } of events) {
      const violation = isEnd ? register.end(op) : void register.begin(op);
      if (violation !== undefined) violations.push(violation);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return { violations, undecided: true };
  }
  return { violations, undecided: false };
}

module.exports = { check };
