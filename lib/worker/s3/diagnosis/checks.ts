import type { Failure, Finding } from "../../../bridge/protocol.js";
import { advice403 } from "../../../errors/advice.js";
import { statusOf } from "../operations/missing.js";
import type { Answers } from "./answers.js";
import { endsAll, isLack } from "./steps.js";
import type { Steps } from "./steps.js";
import { Trials } from "./trials.js";
import type { Operation, Seen } from "./trials.js";

/** What is found out by trying it, in this order. */
const names = [
  "read",
  "write",
  "delete",
  "conditional PUT",
  "conditional DELETE",
  "multipart upload",
  "DeleteObjects",
  "checksums",
] as const;

type Name = (typeof names)[number];
type Judgement = Omit<Finding, "name">;

const ok = (text: string): Judgement => ({ status: "ok", text });
const failed = (text: string, todo: string): Judgement => ({ status: "failed", text, todo });

const NOT_KEPT = "The service, or a cache before it, does not do what it says: do not trust it with values.";
const ONLY_SET = "Delete the key by delete: update cannot delete here.";

/** What to do where the library refuses what the service lacks. */
const without: Partial<Record<Name, string>> = {
  "conditional PUT":
    "create, update and set with ifMatch are refused here: use a service that keeps to conditions, or set, and see to it that one program writes at a time.",
  "conditional DELETE": ONLY_SET,
  "multipart upload": "Keep values at 16 MiB or below: longer ones are uploaded in parts.",
  write:
    "If the service does not know the checksum that is sent, set AWS_REQUEST_CHECKSUM_CALCULATION=WHEN_REQUIRED.",
};

const permissions: Partial<Record<Name | "list", string>> = {
  list: "s3:ListBucket",
  read: "s3:GetObject",
  write: "s3:PutObject",
  delete: "s3:DeleteObject",
  "multipart upload": "s3:PutObject",
  DeleteObjects: "s3:DeleteObject",
};

/** What to do about a refusal, where it is more than the code says. */
export function permissionFor(name: string, { code }: Failure): { todo?: string } {
  const permission = permissions[name as Name];
  if (code !== "AccessDenied" || permission === undefined) return {};
  return { todo: `Allow ${permission} under the prefix, or ask as somebody who may.` };
}

/** Tries, on a key of the library's own, what a map needs of a service. */
export class Checks {
  readonly #found: Finding[] = [];
  readonly #key: string;
  readonly #steps: Steps;
  readonly #trials: Trials;
  /** Why the rest is not tried. */
  #isOver: string | undefined;
  #mayBeThere = false;
  #givesChecksums = false;
  #mayRead = false;
  #mayStillCome = false;

  /** Who may not is told of a missing key that reading it is denied. */
  readonly #mayList: boolean;

  constructor(key: string, mayList: boolean, steps: Steps, answers: Answers) {
    this.#key = key;
    this.#mayList = mayList;
    this.#steps = steps;
    this.#trials = new Trials(key, answers);
  }

  none(why: string): Finding[] {
    this.#isOver = why;
    return this.#all();
  }

  async readOnly(): Promise<Finding[]> {
    await this.#readMissing();
    return this.none("read only");
  }

  async everything(): Promise<Finding[]> {
    const isWritten = await this.#check("write", this.#trials.put, () => ok("allowed"));
    this.#mayBeThere ||= isWritten;
    if (!isWritten) await this.#readMissing();
    else {
      this.#mayRead = await this.#check("read", this.#trials.read, (seen) => {
        this.#givesChecksums = seen === "there, with a checksum";
        return seen === "missing" ? failed("what was written is missing", NOT_KEPT) : ok("allowed");
      });
    }
    const isDeleted = await this.#checkGone("delete", this.#trials.delete, () => ok("allowed"));
    if (!isWritten) this.#isOver ??= "write has failed";
    // Nothing more is written that might stay.
    if (!isDeleted) this.#isOver ??= "what is written for a trial would stay";
    await this.#conditions();
    await this.#bulk();
    await this.#clear();
    return this.#all();
  }

  async #conditions(): Promise<void> {
    const kept = (quoting: unknown): Judgement =>
      ok(quoting === "bare" ? "kept, with ETags that have no quotes" : "kept");
    const isKept = await this.#check("conditional PUT", this.#trials.conditionalPut, kept);
    if (isKept || this.#isOver !== undefined) {
      await this.#check("conditional DELETE", this.#trials.conditionalDelete, kept);
      return;
    }
    // It may look at the object first, and then delete what is there by then: no trial shows that.
    const text = "not trusted where those of a PUT are not kept";
    this.#found.push({ name: "conditional DELETE", status: "limited", text, todo: ONLY_SET });
  }

  async #bulk(): Promise<void> {
    const { put, read, multipart, deleteObjects, checksChecksums } = this.#trials;
    let seen: Seen = "missing";
    const uploaded: Operation<void> = async (target, signal) => {
      await multipart(target, signal);
      seen = this.#mayRead ? await read(target, signal) : "there";
    };
    await this.#check("multipart upload", uploaded, () =>
      seen === "missing" ? failed("what was uploaded is missing", NOT_KEPT) : ok("works"),
    );
    const putFirst: Operation<keyof typeof waysToDelete> = async (target, signal) => {
      if (seen === "missing") await put(target, signal);
      return deleteObjects(target, signal);
    };
    await this.#checkGone("DeleteObjects", putFirst, (way) => waysToDelete[way]);
    const isChecked: Operation<boolean | undefined> = async (target, signal) =>
      (await target.client.sendsChecksums()) ? checksChecksums(target, signal) : undefined;
    await this.#check("checksums", isChecked, (isRefused) => checksumsOf(isRefused, this.#givesChecksums));
    // A wrong one that was taken is there now.
    this.#mayBeThere ||= this.#found.at(-1)?.status === "limited";
  }

  /** What reading is without a value: a missing key is told from a denial. */
  async #readMissing(): Promise<void> {
    this.#mayRead = await this.#check("read", this.#trials.read, () => ok("allowed"));
    const last = this.#found.at(-1)!;
    if (this.#mayList || last.failure?.code !== "AccessDenied") return;
    this.#found.splice(-1, 1, { name: "read", status: "unknown", text: `not known: ${advice403}` });
  }

  /** Deletes the key, and looks whether it is gone. @returns whether it is */
  async #checkGone<T>(name: Name, remove: Operation<T>, judge: (value: T) => Judgement): Promise<boolean> {
    let isGone = false;
    const operation: Operation<T> = async (target, signal) => {
      const value = await remove(target, signal);
      isGone = await this.#isGone(target, signal);
      return value;
    };
    await this.#check(name, operation, (value) =>
      isGone ? judge(value) : failed("what was deleted is still there", NOT_KEPT),
    );
    if (isGone) this.#mayBeThere = false;
    return isGone;
  }

  #isGone: Operation<boolean> = async (target, signal) => {
    // Who may not look must believe the service.
    if (!this.#mayRead) return true;
    try {
      return (await this.#trials.read(target, signal)) === "missing";
    } catch (error) {
      if (!this.#mayList && statusOf(error) === 403) return true;
      throw error;
    }
  };

  /** @returns whether it is as it should be */
  async #check<T>(name: Name, operation: Operation<T>, judge: (value: T) => Judgement): Promise<boolean> {
    if (this.#steps.areOver) this.#isOver ??= "there was no time left";
    if (this.#isOver !== undefined) return false;
    const ended = await this.#steps.take(operation);
    let judgement: Judgement;
    if ("value" in ended) judgement = judge(ended.value);
    else {
      const { failure, isUnsure, wasShort = false } = ended;
      const isOut = endsAll(failure);
      this.#mayBeThere ||= isUnsure;
      this.#mayStillCome ||= isUnsure && isOut;
      if (isOut) this.#isOver = wasShort ? "there was no time left" : `${name} has failed`;
      const todo = isLack(failure) ? without[name] : undefined;
      const isNeeded = name === "read" || name === "write" || name === "delete";
      const status = isLack(failure) && !isNeeded ? "limited" : "failed";
      const isSaid = failure.code === "ConditionsUnsupported";
      judgement = wasShort
        ? { status: "unknown", text: `not known: ${failure.reason}, and there was no more time` }
        : {
            status,
            ...(isSaid ? { text: failure.reason!.split(/[,;]/, 1)[0]! } : { failure }),
            ...permissionFor(name, failure),
            ...(todo === undefined ? {} : { todo }),
          };
    }
    this.#found.push({ name, ...judgement });
    return judgement.status === "ok";
  }

  /** Takes the key away, whatever time there was for the rest. */
  async #clear(): Promise<void> {
    if (!this.#mayBeThere) return;
    const ended = await this.#steps.clear(async (target, signal) => {
      await this.#trials.delete(target, signal);
      return this.#isGone(target, signal);
    });
    const key = JSON.stringify(this.#key);
    if ("value" in ended && !ended.value) {
      const text = `the key ${key}, which the diagnosis has written, is still there`;
      this.#found.push({
        name: "left over",
        status: "failed",
        text,
        todo: "Delete it, if the service lets you.",
      });
    } else if ("failure" in ended) {
      const text = `the key ${key}, which the diagnosis has written, may still be there`;
      const { failure } = ended;
      this.#found.push({ name: "left over", status: "failed", text, failure, todo: "Delete it." });
    } else if (this.#mayStillCome) {
      const text = `the key ${key} was deleted, and a write of it that had no answer may still come`;
      this.#found.push({ name: "left over", status: "unknown", text });
    }
  }

  /** In their order, and with those that were not tried. */
  #all(): Finding[] {
    const untried = (name: Name): Finding => ({
      name,
      status: "unknown",
      text: `not tried: ${this.#isOver}`,
    });
    return [
      ...names.map((name) => this.#found.find((one) => one.name === name) ?? untried(name)),
      ...this.#found.filter(({ name }) => name === "left over"),
    ];
  }
}

const waysToDelete: Readonly<Record<"plain" | "with MD5" | "none", Judgement>> = {
  plain: ok("works"),
  "with MD5": ok("works, with a Content-MD5"),
  none: {
    status: "limited",
    text: "not to be had: clear and deleteMany send a DELETE for each key",
    todo: "Nothing need be done: it only takes more requests.",
  },
};

/** @param isRefused - what does not fit its checksum; undefined where none is sent */
function checksumsOf(isRefused: boolean | undefined, areGiven: boolean): Judgement {
  if (isRefused === undefined) return ok("not sent, as the environment or a profile says");
  if (isRefused && areGiven) return ok("verified, and given to who reads");
  const lacks = [...(isRefused ? [] : ["verified"]), ...(areGiven ? [] : ["given to who reads"])];
  return {
    status: "limited",
    text: `not ${lacks.join(", nor ")}`,
    todo: "Use an https endpoint: what is damaged on its way is noticed there.",
  };
}
