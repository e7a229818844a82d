// People who sign in with a password, for administrators; and one's own password.
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { currentSession, post, remove } from "../api/client";
import { useQuery } from "../api/query";
import type { User, UserList } from "../api/types";
import { ActionDialog } from "./action";
import { Answered } from "./states";

export const roles = ["viewer", "operator", "approver", "admin"] as const;
const role_words: Record<string, string> = {
  viewer: "reads", operator: "also sets rules, accepts and snoozes", approver: "also decides plans", admin: "also manages people, tokens and agents",
};

/** "web-*, db-1" -> ["web-*", "db-1"] */
export const stackList = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

export function Users(): JSX.Element {
  const users = useQuery<UserList>("/users", {}, { live: ["audit"] });
  const [making, setMaking] = useState(false);
  const [removing, setRemoving] = useState<User | null>(null);
  const [form, setForm] = useState({ name: "", password: "", role: "approver", stacks: "" });
  const set = (name: keyof typeof form) => (event: JSX.TargetedEvent<HTMLInputElement | HTMLSelectElement>) => setForm({ ...form, [name]: event.currentTarget.value });
  return (
    <section class="card" aria-labelledby="users-title">
      <header class="card-head"><h2 id="users-title">People</h2><button class="button small" onClick={() => setMaking(true)}>New person</button></header>
      <p class="quiet">Who signs in with a name and password. People of an OpenID Connect provider are not listed: what they may do follows from the provider's groups.</p>
      <Answered answer={users} lines={2}>
        {(data) => data.rows.length === 0 ? <p class="quiet nothing">Nobody yet: everybody comes by a one-time link.</p> : (
          <ul class="plain-list">{data.rows.map((user) => (
            <li key={user.name}><span><b>{user.name}</b> <span class="badge tone-quiet">{user.role}</span></span>
              <span class="quiet">{user.stacks.length ? user.stacks.join(", ") : "all stacks"}</span>
              <button class="button small" aria-label={`Remove ${user.name}`} onClick={() => setRemoving(user)}>Remove</button>
            </li>))}</ul>
        )}
      </Answered>
      {making && (
        <ActionDialog title="New person" verb="Let them in" onClose={() => setMaking(false)} onDone={users.refresh}
          act={() => post("/users", { name: form.name, password: form.password, role: form.role, stacks: stackList(form.stacks) })}>
          <label class="field"><span>Name</span><input class="input" required pattern="[A-Za-z0-9._@\-]+" autocomplete="off" value={form.name} onInput={set("name")} /></label>
          <label class="field"><span>Password <small>at least ten characters</small></span><input class="input" type="password" required minLength={10} autocomplete="new-password" value={form.password} onInput={set("password")} /></label>
          <label class="field"><span>Role <small>{role_words[form.role]}</small></span><select class="input" value={form.role} onChange={set("role")}>{roles.map((word) => <option key={word}>{word}</option>)}</select></label>
          <label class="field"><span>Stacks <small>web-*, db-1; empty = all</small></span><input class="input mono" value={form.stacks} onInput={set("stacks")} /></label>
        </ActionDialog>
      )}
      {removing && (
        <ActionDialog title={`Remove ${removing.name}`} verb="Remove" tone="danger" onClose={() => setRemoving(null)} onDone={users.refresh} act={() => remove(`/users/${encodeURIComponent(removing.name)}`)}>
          <p>{removing.name} is signed out everywhere at once and cannot sign in again. The audit log keeps the name.</p>
        </ActionDialog>
      )}
    </section>
  );
}

export function OwnPassword(): JSX.Element {
  const [open, setOpen] = useState(false);
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  return (
    <>
      <button class="button small" onClick={() => setOpen(true)}>Change my password</button>
      {open && (
        <ActionDialog title="Change my password" verb="Change it" onClose={() => setOpen(false)}
          onDone={() => dispatchEvent(new CustomEvent("driftcast:signed-out"))} act={() => post("/session/password", { current, next })}>
          <input type="hidden" autocomplete="username" value={currentSession()?.principal} />
          <label class="field"><span>The one that it is</span><input class="input" type="password" required autocomplete="current-password" value={current} onInput={(event) => setCurrent(event.currentTarget.value)} /></label>
          <label class="field"><span>The new one <small>at least ten characters</small></span><input class="input" type="password" required minLength={10} autocomplete="new-password" value={next} onInput={(event) => setNext(event.currentTarget.value)} /></label>
          <p class="quiet">You are signed out everywhere and sign in with the new one.</p>
        </ActionDialog>
      )}
    </>
  );
}
