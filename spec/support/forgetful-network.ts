import { once } from "node:events";
import path from "node:path";
import { Worker } from "node:worker_threads";

export interface ForgetfulNetwork {
  endpoint: string;
  /** All connections that there are are forgotten from now on. */
  forget(): void;
  /** How many connections there have been. */
  carried(): number;
  close(): Promise<unknown>;
}

/**
 * A network to a service on this machine.
 *
 * @param then - what becomes of what is sent by a connection that was forgotten
 * @param afterMs - connections are forgotten at this age
 */
export async function startForgetfulNetwork(
  service: string,
  then: "resets" | "swallows",
  afterMs: number,
): Promise<ForgetfulNetwork> {
  const workerData = { port: Number(new URL(service).port), then, afterMs };
  const thread = new Worker(path.join(__dirname, "forgetful-network.js"), { workerData });
  const [port] = (await once(thread, "message")) as [number];
  const ask = (isForgetting: boolean): number => {
    const answer = new Int32Array(new SharedArrayBuffer(4)).fill(-1);
    thread.postMessage({ answer, isForgetting });
    Atomics.wait(answer, 0, -1);
    return answer[0]!;
  };
  return {
    endpoint: `http://127.0.0.1:${port}`,
    forget: () => void ask(true),
    carried: () => ask(false),
    close: () => thread.terminate(),
  };
}
