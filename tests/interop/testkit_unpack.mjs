// Write the vectors of npm's cctv-age as files, one each, uncompressed.
//
// testkit_unpack.mjs DIR: the header keys stay as they are, but `compressed`,
// which is no longer true.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { inflateSync } from "node:zlib";
import * as vectors from "cctv-age";

const directory = process.argv[2];
for (const [name, bytes] of Object.entries(vectors)) {
	if (!/^[a-z0-9_]+$/.test(name)) throw new Error("a name to refuse");
	const vector = Buffer.from(bytes);
	const end = vector.indexOf("\n\n");
	const keys = vector.subarray(0, end + 1).toString("latin1").split("\n");
	const packed = keys.includes("compressed: zlib");
	let file = vector.subarray(end + 2);
	if (packed) file = inflateSync(file);
	const kept = keys.filter((key) => key !== "compressed: zlib").join("\n");
	writeFileSync(
		join(directory, name),
		Buffer.concat([Buffer.from(kept + "\n", "latin1"), file]),
	);
}
