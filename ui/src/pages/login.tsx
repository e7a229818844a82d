import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiError, get, signIn, signInAs } from "../api/client";
import type { Problem } from "../api/types";
import { Mark } from "../parts/icons";
import { Failed } from "../parts/states";

interface Ways { password: boolean; provider: string | null }

export function Login({ onDone }: { onDone: () => void }): JSX.Element {
  const [ways, setWays] = useState<Ways | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => {
    void get<Ways>("/sign-in").then(setWays, () => setWays({ password: false, provider: null }));
  }, []);
  const attempt = (work: () => Promise<unknown>) => async (event: Event) => {
    event.preventDefault();
    setProblem(null);
    try {
      await work();
      onDone();
    } catch (error) {
      if (error instanceof ApiError) setProblem(error.problem);
    }
  };
  if (!ways) return <main class="alone login" aria-busy="true"><Mark size={56} /><h1>Driftcast</h1></main>;
  const only_link = !ways.password && !ways.provider;
  return (
    <main class="alone login">
      <Mark size={56} />
      <h1>Driftcast</h1>
      {ways.provider && <a class={`button ${ways.password ? "" : "primary"}`} href="/auth/login">{ways.provider}</a>}
      {ways.provider && ways.password && <p class="or"><span>or</span></p>}
      {ways.password && <ByPassword attempt={attempt} />}
      {problem && <Failed problem={problem} />}
      {only_link ? <ByLink attempt={attempt} /> : <details><summary>With a one-time link</summary><ByLink attempt={attempt} /></details>}
    </main>
  );
}

type Attempt = (work: () => Promise<unknown>) => (event: Event) => Promise<void>;

function ByPassword({ attempt }: { attempt: Attempt }): JSX.Element {
  const [user, setUser] = useState("");
  const [password, setPassword] = useState("");
  return (
    <form onSubmit={attempt(() => signInAs(user, password))}>
      <label for="user">Name</label>
      <input id="user" class="input" autocomplete="username" autocapitalize="none" spellcheck={false} required value={user} onInput={(event) => setUser(event.currentTarget.value)} />
      <label for="password">Password</label>
      <input id="password" class="input" type="password" autocomplete="current-password" required value={password} onInput={(event) => setPassword(event.currentTarget.value)} />
      <button class="button primary" type="submit">Sign in</button>
    </form>
  );
}

function ByLink({ attempt }: { attempt: Attempt }): JSX.Element {
  const [token, setToken] = useState("");
  return (
    <>
      <p>Open the one-time link that <code>./up</code> printed. A new one: <code>driftcast login</code> on the engine's host.</p>
      {/* People paste the whole link as often as the token in it. */}
      <form onSubmit={attempt(() => signIn(/token=([^&\s]+)/.exec(token)?.[1] ?? token.trim()))}>
        <label for="token">One-time link or token</label>
        <input id="token" class="input" autocomplete="off" spellcheck={false} required value={token} onInput={(event) => setToken(event.currentTarget.value)} />
        <button class="button primary" type="submit">Sign in with the link</button>
      </form>
    </>
  );
}
