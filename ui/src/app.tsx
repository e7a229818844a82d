// The page as a whole: who is signed in, which address is shown, and what is around it.
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { ApiError, loadSession, signIn } from "./api/client";
import { connect, disconnect } from "./api/live";
import { forgetAnswers } from "./api/query";
import type { Problem, Session } from "./api/types";
import { useRoute } from "./lib/router";
import { Shell } from "./shell";
import { Login } from "./pages/login";
import { Failed, Loading } from "./parts/states";
import { Fleet } from "./pages/fleet";
import { Resources } from "./pages/resources";
import { ResourcePage } from "./pages/resource";
import { Drifts } from "./pages/drifts";
import { Exposures } from "./pages/exposures";
import { Forecasts } from "./pages/forecasts";
import { ForecastPage } from "./pages/forecast";
import { TrackRecordPage } from "./pages/track";
import { Plans } from "./pages/plans";
import { ComparePage } from "./pages/compare";
import { Audit } from "./pages/audit";
import { Agents } from "./pages/agents";
import { Settings } from "./pages/settings";
import { StackPage } from "./pages/stack";
import { NotFound } from "./pages/notfound";

const pages: Record<string, { title: string; draw: () => JSX.Element }> = {
  "/": { title: "Fleet", draw: () => <Fleet /> },
  "/stack": { title: "Stack", draw: () => <StackPage /> },
  "/resources": { title: "Resources", draw: () => <Resources /> },
  "/resource": { title: "Resource", draw: () => <ResourcePage /> },
  "/drifts": { title: "Drifts", draw: () => <Drifts /> },
  "/forecasts": { title: "Forecasts", draw: () => <Forecasts /> },
  "/forecast": { title: "Forecast", draw: () => <ForecastPage /> },
  "/track-record": { title: "Track record", draw: () => <TrackRecordPage /> },
  "/exposures": { title: "Exposures", draw: () => <Exposures /> },
  "/plans": { title: "Plans", draw: () => <Plans /> },
  "/compare": { title: "Compare plans", draw: () => <ComparePage /> },
  "/audit": { title: "Audit", draw: () => <Audit /> },
  "/agents": { title: "Agents", draw: () => <Agents /> },
  "/settings": { title: "Settings", draw: () => <Settings /> },
};

type State = { kind: "starting" } | { kind: "in"; session: Session } | { kind: "out" } | { kind: "failed"; problem: Problem };

async function start(): Promise<State> {
  try {
    const token = /[#&?]token=([^&]+)/.exec(location.hash)?.[1];
    if (token) {
      history.replaceState(null, "", "#/");
      await signIn(decodeURIComponent(token));
    }
    return { kind: "in", session: await loadSession() };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return error.status === 401 ? { kind: "out" } : { kind: "failed", problem: error.problem };
  }
}

export function App(): JSX.Element {
  const [state, setState] = useState<State>({ kind: "starting" });
  const route = useRoute();
  const page = pages[route.path];

  const begin = () => {
    void start().then((next) => {
      setState(next);
      if (next.kind === "in") connect();
    });
  };
  useEffect(() => {
    begin();
    const signedOut = () => {
      disconnect();
      forgetAnswers();
      setState({ kind: "out" });
    };
    addEventListener("driftcast:signed-out", signedOut);
    return () => removeEventListener("driftcast:signed-out", signedOut);
  }, []);
  useEffect(() => {
    if (state.kind !== "failed") return;
    const timer = setTimeout(begin, 3000);
    return () => clearTimeout(timer);
  }, [state]);
  useEffect(() => {
    document.title = `${page?.title ?? "Not found"} · Driftcast`;
  }, [page]);
  // A new page begins at its top, and keyboards and screen readers go there too.
  useEffect(() => {
    scrollTo(0, 0);
    if (document.activeElement === document.body || document.activeElement?.closest("nav")) return;
    document.getElementById("main")?.focus({ preventScroll: true });
  }, [route.path, route.query.get("id")]);

  if (state.kind === "starting") return <main class="alone"><Loading label="Opening" lines={3} /></main>;
  if (state.kind === "failed") return <main class="alone"><h1 class="sr">Driftcast</h1><Failed problem={state.problem} retry={begin} /></main>;
  if (state.kind === "out") return <Login onDone={begin} />;
  return (
    <Shell session={state.session} path={route.path}>
      {page ? page.draw() : <NotFound path={route.path} />}
    </Shell>
  );
}
