// What age_npm.sh asks of npm's age-encryption: an implementation of age that
// shares no line with age itself, nor with ours.
//
//	identity             draw an identity and print it
//	recipient IDENTITY   its recipient
//	seal RECIPIENT...    an age file of standard input
//	open IDENTITY        what is in the age file on standard input
//
// Exit 0; 1 when it does not open; 2 for anything else. Only test keys go here.
import { readFileSync, writeSync } from "node:fs";
import * as age from "age-encryption";

// Standard output may be a pipe, which takes a part at a time.
function put(bytes) {
	let at = 0;
	while (at < bytes.length) {
		try {
			at += writeSync(1, bytes, at);
		} catch (error) {
			if (error.code !== "EAGAIN") throw error;
		}
	}
}

async function seal(recipients) {
	const encrypter = new age.Encrypter();
	for (const recipient of recipients) encrypter.addRecipient(recipient);
	put(await encrypter.encrypt(readFileSync(0)));
}

async function open(identity) {
	const decrypter = new age.Decrypter();
	decrypter.addIdentity(identity);
	const file = readFileSync(0);
	let plain;
	try {
		plain = await decrypter.decrypt(file);
	} catch (error) {
		console.error(error.message);
		process.exit(1);
	}
	put(plain);
}

const [verb, ...rest] = process.argv.slice(2);
if (verb === "identity" && rest.length === 0)
	console.log(await age.generateIdentity());
else if (verb === "recipient" && rest.length === 1)
	console.log(await age.identityToRecipient(rest[0]));
else if (verb === "seal" && rest.length > 0) await seal(rest);
else if (verb === "open" && rest.length === 1) await open(rest[0]);
else process.exit(2);
