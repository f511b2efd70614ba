import { cannot, clear, serviceMap } from "../support/service.js";

jest.setTimeout(60_000);

describe("url of a service", () => {
  it("is a link that works without credentials, and no longer than it says", async () => {
    const map = serviceMap();
    map.set("a key+ü?&=", "the value");
    expect(await (await fetch(map.url("a key+ü?&="))).text()).toBe("the value");
    const short = map.url("a key+ü?&=", { expiresIn: 2 });
    expect((await fetch(short)).status).toBe(200);
    if (!cannot("authentication")) {
      let { status } = await fetch(short);
      while (status === 200) ({ status } = await fetch(short));
      expect(status).toBe(403);
    }
    clear(map);
  });

  it("stores a value of any length, with the Content-Type that was signed and no other", async () => {
    const map = serviceMap();
    const url = map.url("stored", { method: "PUT", contentType: "image/png" });
    const put = (contentType: string): Promise<Response> =>
      fetch(url, { method: "PUT", body: Buffer.from("a picture"), headers: { "content-type": contentType } });
    if (!cannot("authentication")) {
      expect((await put("text/html")).status).toBe(403);
      expect(map.get("stored")).toBeUndefined();
    }
    expect((await put("image/png")).status).toBe(200);
    expect(map.get("stored")).toBe("a picture");
    expect(map.head("stored")!.contentType).toBe("image/png");
    clear(map);
  });

  it("leads to no other key, and does nothing else", async () => {
    const map = serviceMap();
    map.setMany([
      ["one", "1"],
      ["two", "2"],
    ]);
    const url = map.url("one");
    if (!cannot("authentication")) {
      expect((await fetch(url.replace("/one?", "/two?"))).status).toBe(403);
      expect((await fetch(url, { method: "DELETE" })).status).toBe(403);
      expect((await fetch(url, { method: "PUT", body: "x" })).status).toBe(403);
    }
    expect(map.get("one")).toBe("1");
    clear(map);
  });

  it("has the answer to a GET saved as a file", async () => {
    const map = serviceMap();
    map.set("key", "value");
    const { headers } = await fetch(map.url("key", { contentType: "text/csv", filename: "Übersicht.csv" }));
    if (!cannot("answer-headers")) {
      expect(headers.get("content-type")).toBe("text/csv");
      expect(headers.get("content-disposition")).toBe(
        `attachment; filename="_bersicht.csv"; filename*=UTF-8''%C3%9Cbersicht.csv`,
      );
    }
    clear(map);
  });
});
