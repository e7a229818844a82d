// Keys that live in an authenticator (a security key, a phone, this machine's own) and sign approvals:
// the browser's Web Authentication, with bytes as base64url.
import type { ApprovalChallenge, ApprovalProof, ApproverKeyNew } from "../api/types";

export function toText(bytes: ArrayBuffer): string {
  const letters = Array.from(new Uint8Array(bytes), (byte) => String.fromCharCode(byte)).join("");
  return btoa(letters).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

export function toBytes(text: string): Uint8Array<ArrayBuffer> {
  const letters = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
}

/** Why no key can be used here, in words; null when one can. */
export function whyNoKeys(): string | null {
  if (!window.isSecureContext || !window.PublicKeyCredential) return "This browser offers no keys here: they need https, or http on localhost.";
  if (/^[\d.]+$|^\[/.test(location.hostname)) return `Keys belong to a name, not to an address: open this page as ${location.protocol}//localhost${location.port ? `:${location.port}` : ""}, or by the machine's name over https.`;
  return null;
}

const kinds = [-7, -8, -257]; // ES256, EdDSA, RS256 (RFC 8812, RFC 9053)

/** Makes a key that approves plans on this site. */
export async function makeKey(title: string, person: string): Promise<ApproverKeyNew> {
  const made = await navigator.credentials.create({
    publicKey: {
      rp: { name: "Driftcast" },
      user: { id: crypto.getRandomValues(new Uint8Array(16)), name: person, displayName: person },
      challenge: crypto.getRandomValues(new Uint8Array(32)),
      pubKeyCredParams: kinds.map((alg) => ({ type: "public-key", alg })),
      authenticatorSelection: { userVerification: "preferred" },
    },
  }) as PublicKeyCredential;
  const key = (made.response as AuthenticatorAttestationResponse).getPublicKey();
  if (!key) throw new Error("The authenticator made a key of a kind that cannot be used.");
  return { id: toText(made.rawId), title, site: location.hostname, public_key: toText(key) };
}

/** Asks for one of the person's keys and lets it sign. */
export async function sign(asked: ApprovalChallenge): Promise<ApprovalProof> {
  const said = await navigator.credentials.get({
    publicKey: {
      challenge: toBytes(asked.challenge),
      allowCredentials: asked.keys.map((key) => ({ type: "public-key", id: toBytes(key.id) })),
      userVerification: "preferred",
    },
  }) as PublicKeyCredential;
  const response = said.response as AuthenticatorAssertionResponse;
  return {
    key: toText(said.rawId),
    authenticator_data: toText(response.authenticatorData),
    client_data: toText(response.clientDataJSON),
    signature: toText(response.signature),
    valid_until: asked.valid_until,
  };
}
