import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { Worker } from "node:worker_threads";

export interface Proxy {
  url: string;
  /** TLS in front of the proxy. */
  byTls: string;
  /** TLS in front of the service. */
  secure: string;
  log(): Promise<string[]>;
  end(): Promise<unknown>;
}

/** Those of a private CA, and of a service on this machine that it has signed. */
export function makeCertificates(folder: string): void {
  const openssl = (...args: string[]): unknown =>
    execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });
  writeFileSync(path.join(folder, "names"), "subjectAltName=IP:127.0.0.1\n");
  const ca = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=Private CA"];
  openssl(...ca, "-keyout", "ca.key", "-out", "ca.pem");
  openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=s3", "-keyout", "s3.key", "-out", "s3.csr");
  const sign = ["x509", "-req", "-in", "s3.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
  openssl(...sign, "-days", "2", "-extfile", "names", "-out", "s3.pem");
}

/**
 * A proxy, and TLS in front of a service.
 *
 * @param folder - has the certificates
 * @param password - is asked of who uses it
 */
export async function startProxy(folder: string, service: string, password?: string): Promise<Proxy> {
  const [key, cert] = ["s3.key", "s3.pem"].map((name) => readFileSync(path.join(folder, name), "utf8"));
  const workerData = { servicePort: Number(new URL(service).port), key, cert, password };
  const thread = new Worker(path.join(__dirname, "http-proxy.js"), { workerData });
  const [[port, secure, byTls]] = (await once(thread, "message")) as [[number, number, number]];
  return {
    url: `http://127.0.0.1:${port}`,
    byTls: `https://127.0.0.1:${byTls}`,
    secure: `https://127.0.0.1:${secure}`,
    log: async () => {
      thread.postMessage("log");
      const [log] = (await once(thread, "message")) as [string[]];
      return log;
    },
    end: () => thread.terminate(),
  };
}
