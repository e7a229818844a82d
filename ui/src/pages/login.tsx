import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { ApiError, signIn } from "../api/client";
import type { Problem } from "../api/types";
import { Mark } from "../parts/icons";
import { Failed } from "../parts/states";

export function Login({ onDone }: { onDone: () => void }): JSX.Element {
  const [token, setToken] = useState("");
  const [problem, setProblem] = useState<Problem | null>(null);
  const submit = async (event: Event) => {
    event.preventDefault();
    try {
      // People paste the whole link as often as the token in it.
      await signIn(/token=([^&\s]+)/.exec(token)?.[1] ?? token.trim());
      onDone();
    } catch (error) {
      if (error instanceof ApiError) setProblem(error.problem);
    }
  };
  return (
    <main class="alone login">
      <Mark size={56} />
      <h1>Driftcast</h1>
      <p>Open the one-time link that <code>./up</code> printed. A new one: <code>driftcast login</code> on the engine's host.</p>
      <form onSubmit={submit}>
        <label for="token">One-time link or token</label>
        <input id="token" class="input" autocomplete="off" spellcheck={false} required value={token} onInput={(event) => setToken(event.currentTarget.value)} />
        <button class="button primary" type="submit">Sign in</button>
      </form>
      {problem && <Failed problem={problem} />}
    </main>
  );
}
