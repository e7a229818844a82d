// driftcast-agent: reads a host and reports to the engine. Links nothing of the engine.
#include <malloc.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include <CLI/CLI.hpp>

#include "agent/agent.h"
#include "agent/confine.h"
#include "agent/dial.h"
#include "agent/host_facts.h"
#include "base/file.h"
#include "base/log.h"

namespace driftcast {
namespace {

constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

struct Arguments {
  AgentOptions agent;
  std::string data = "/var/lib/driftcast/agent";
  std::string join;
  std::string log_level = "info";
  std::vector<std::string> watch;
  std::string teams = "auto";
  bool once = false;
  double once_seconds = 60;
  uint64_t spool_mib = 256;
  uint64_t memory_mib = 128;
};

// A program that lies beside this one; empty when it does not.
std::string ProgramBeside(const char* name) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto path = self.parent_path() / name;
  return !error && access(path.c_str(), X_OK) == 0 ? path.string() : "";
}

// The token itself, "@FILE" to read it from, or empty: from the environment, which other users
// cannot see as they see command lines.
StatusOr<std::string> ReadToken(const std::string& argument) {
  if (argument.empty()) {
    const char* variable = getenv("DRIFTCAST_JOIN_TOKEN");
    return std::string(variable == nullptr ? "" : variable);
  }
  if (argument[0] != '@') return argument;
  return ReadFile(argument.substr(1), 4096);
}

bool IsWorthRetrying(const Status& status) {
  return status.code() == StatusCode::kUnavailable ||
         status.code() == StatusCode::kDeadlineExceeded;
}

// Finds out who we are: from the last time, else with the join token. Waits for an engine that is
// not there yet.
StatusOr<Identity> Identify(const Arguments& arguments) {
  const std::filesystem::path file = std::filesystem::path(arguments.data) / "identity";
  auto identity = LoadIdentity(file);
  if (identity.ok() || identity.status().code() != StatusCode::kNotFound) return identity;
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string token, ReadToken(arguments.join));
  if (token.empty())
    return FailedPrecondition(
        "this host has not joined an engine yet: make a token with 'driftcast agents join' on "
        "the engine's side and give it with --join TOKEN, --join @FILE or DRIFTCAST_JOIN_TOKEN");
  std::string last;
  for (std::chrono::seconds wait(1);; wait = std::min(wait * 2, std::chrono::seconds(30))) {
    identity = Enroll(arguments.agent.engine, token, arguments.agent.stack, arguments.agent.role);
    if (identity.ok()) break;
    if (arguments.once || !IsWorthRetrying(identity.status()))
      return Annotate(identity.status(), "joining " + arguments.agent.engine);
    if (Describe(identity.status()) != last)
      Log("agent").warn("join.waits engine={} reason='{}'", arguments.agent.engine,
                        Describe(identity.status()));
    last = Describe(identity.status());
    std::this_thread::sleep_for(wait);
  }
  DRIFTCAST_RETURN_IF_ERROR(SaveIdentity(file, *identity));
  Log("agent").info("join.done engine={} agent={}", arguments.agent.engine, identity->agent);
  return identity;
}

// SIGTERM and SIGINT stop the agent, through a thread that waits for them.
void StopOnSignal(Agent& agent, const sigset_t& signals) {
  std::thread([&agent, signals] {
    int number = 0;
    sigwait(&signals, &number);
    Log("agent").info("stop.asked signal={}", number);
    agent.Stop();
    sigwait(&signals, &number);  // asked twice: at once; everything that counts is on disk
    _exit(kExitFailed);
  }).detach();
}

// Prints what it is handed: "stack/kind/name" and below it each key.
class Printer : public Sink {
 public:
  explicit Printer(std::string stack) : stack_(std::move(stack)) {}
  void Observed(ResourceObserved o) override {
    std::string text = fmt::format("{}/{}/{}\n", stack_, o.resource.kind, o.resource.name);
    for (const KeyValue& key : o.keys)
      text += fmt::format("  {} = {}\n", key.path, key.value.Display());
    for (const KeyValue& key : o.context)
      text += fmt::format("  ({} {})\n", key.path, key.value.Display());
    for (const Dependency& edge : o.depends_on)
      text += fmt::format("  -> {} {}/{}\n", edge.kind, edge.to_kind, edge.to_name);
    for (const UncomparedKey& key : o.uncompared)
      text += fmt::format("  ! {} not compared: {}\n", key.path, key.reason);
    fwrite(text.data(), 1, text.size(), stdout);
  }
  void Unchanged(std::string_view, std::string_view) override {}

 private:
  const std::string stack_;
};

// Completes and checks what the command line gave.
Status Complete(Arguments& arguments) {
  AgentOptions& options = arguments.agent;
  options.data = arguments.data;
  options.version = DRIFTCAST_VERSION;
  options.spool_bytes_max = arguments.spool_mib << 20;
  options.budget.memory_bytes = arguments.memory_mib << 20;
  DRIFTCAST_ASSIGN_OR_RETURN(options.teams, ParseTeams(arguments.teams));
  if (!arguments.watch.empty()) options.files.globs = arguments.watch;
  for (const std::string& glob : options.files.globs)
    if (glob.empty() || glob[0] != '/') return InvalidArgument("--watch {}: not absolute", glob);
  if (options.stack.empty()) options.stack = DefaultStackName();
  DRIFTCAST_RETURN_IF_ERROR(ValidateResourceId({StackId(options.stack), "host", "x"}));
  if (options.lens_program.empty()) options.lens_program = ProgramBeside("driftcast-lens");
  if (!std::filesystem::is_directory(options.root))
    return InvalidArgument("--root {}: no such folder", options.root);
  return Ok();
}

Status PrintPreview(Arguments arguments) {
  DRIFTCAST_RETURN_IF_ERROR(Complete(arguments));
  Printer printer(arguments.agent.stack);
  return Agent(arguments.agent, *SystemClock()).Preview(printer);
}

Status RunAgent(Arguments arguments) {
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);

  DRIFTCAST_RETURN_IF_ERROR(Complete(arguments));
  // Made before the threads begin, and never destroyed: the signal thread refers to it.
  Agent& agent = *new Agent(arguments.agent, *SystemClock());
  DRIFTCAST_RETURN_IF_ERROR(agent.Prepare());
  DRIFTCAST_ASSIGN_OR_RETURN(const Identity identity, Identify(arguments));
  if (arguments.once)
    return agent.RunOnce(identity, Duration(static_cast<int64_t>(arguments.once_seconds * 1e6)));
  // An observe-only host needs none of what is forbidden here; programs that carry out plans do.
  if (arguments.agent.apply_program.empty() && !ConfineAgent())
    Log("agent").warn("confine.not_possible reason='this kernel has no seccomp filters'");
  StopOnSignal(agent, signals);
  const Status ended = agent.Run(identity);
  Log("agent").info("stop.done");
  return ended;
}

// A text that the running agent writes every minute.
Status PrintReport(const std::string& data, const std::string& name) {
  const auto text = ReadFile(std::filesystem::path(data) / name, 16 << 20);
  if (!text.ok())
    return Annotate(text.status(), "no agent has reported its " + name + " in " + data + " yet");
  fwrite(text->data(), 1, text->size(), stdout);
  return Ok();
}

int Finish(const Status& status) {
  if (status.ok()) return 0;
  fprintf(stderr, "driftcast-agent: %s\n", Message(status).c_str());
  return status.code() == StatusCode::kInvalidArgument ? kExitUsage : kExitFailed;
}

int Main(int argc, char** argv) {
  // Few threads of ours allocate much: two arenas keep memory small.
  mallopt(M_ARENA_MAX, 2);
  signal(SIGPIPE, SIG_IGN);  // servers and programs that we ask may go at any time
  mallopt(M_TRIM_THRESHOLD, 256 << 10);
  Arguments arguments;
  AgentOptions& agent = arguments.agent;
  CLI::App app(
      "Reads this host's configuration and metrics and reports them to a Driftcast engine. It "
      "changes nothing itself, and nothing that looks like a secret leaves the host.");
  app.footer(
      "First time:  driftcast-agent --engine engine.example:7118 --join @/root/join-token\n"
      "Afterwards:  driftcast-agent --engine engine.example:7118\n"
      "What leaves: driftcast-agent preview\n"
      "Its cost:    driftcast-agent cost\n"
      "Its limits:  driftcast-agent coverage");
  app.set_version_flag("--version", DRIFTCAST_VERSION);
  app.add_option("--data", arguments.data, "Folder for spool, identity and the host's key")
      ->capture_default_str();
  app.add_option("--engine", agent.engine, "The engine's address, HOST:PORT");
  app.add_option("--join", arguments.join,
                 "Join token, or @FILE that holds it; needed once (or DRIFTCAST_JOIN_TOKEN)");
  app.add_option("--stack", agent.stack, "Name of this host in the fleet (default: its hostname)");
  app.add_option("--role", agent.role, "Hosts of one role are compared with each other");
  app.add_option("--root", agent.root, "Folder of the host that is read")->capture_default_str();
  app.add_option("--watch", arguments.watch,
                 "Files to watch: a folder, or a pattern ('*' within a folder, '**' across); may "
                 "be repeated (default: /etc)");
  app.add_option("--apply", agent.apply_program,
                 "The program driftcast-apply; without it this host is observe-only");
  app.add_option("--allow-list", agent.allow_list, "What driftcast-apply may change")
      ->capture_default_str();
  app.add_option("--tls-port", agent.tls_ports,
                 "A port that is asked for its certificate when it listens; may be repeated "
                 "(default: the usual ones of TLS; 0 = none)");
  app.add_flag("!--no-who", agent.who.enabled, "Do not find out which process changes a file");
  app.add_option("--audit-log", agent.who.audit_log,
                 "Log of the audit daemon: followed where it is, for who changes files and for "
                 "logins and sudo; empty = never")
      ->capture_default_str();
  app.add_option(
         "--tetragon-log", agent.who.tetragon_log,
         "Export file of Tetragon: followed where it is, for who changes files; empty = never")
      ->capture_default_str();
  app.add_option("--falco-log", agent.who.falco_log,
                 "Output file of Falco, one JSON object a line, followed for who changes files");
  app.add_flag("!--no-containers", agent.containers, "Do not ask container engines");
  app.add_option("--lens", agent.lens_program,
                 "The program driftcast-lens (default: beside this one)");
  app.add_option("--spool-mb", arguments.spool_mib, "Most that is kept while the engine is away")
      ->capture_default_str()
      ->check(CLI::Range(1, 1 << 20));
  app.add_option("--people", agent.people,
                 "Logins and uses of sudo: off, pseudonyms (a fingerprint with this host's key), "
                 "or names")
      ->transform(
          CLI::CheckedTransformer(std::map<std::string, People>{{"off", People::kOff},
                                                                {"pseudonyms", People::kPseudonyms},
                                                                {"names", People::kNames}},
                                  CLI::ignore_case))
      ->default_str("pseudonyms");
  app.add_option(
         "--teams", arguments.teams,
         "Whose hours are learnt beside each person's: auto (the smallest group of the host "
         "that names the person and somebody else), off, or groups: ops,dba")
      ->capture_default_str();
  app.add_option("--cpu-percent", agent.budget.cpu_percent,
                 "Budget, of one core; beyond it metrics are dropped first")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 100.0));
  app.add_option("--memory-mb", arguments.memory_mib, "Budget of resident memory")
      ->capture_default_str()
      ->check(CLI::Range(8, 1 << 16));
  app.add_option("--io-mb", agent.budget.read_mib_per_second, "Budget of reading, MiB a second")
      ->capture_default_str()
      ->check(CLI::Range(0.1, 10000.0));
  app.add_flag("--once", arguments.once, "Report everything once, wait for the engine, and end");
  app.add_option("--once-seconds", arguments.once_seconds, "How long --once waits")
      ->capture_default_str();
  app.add_option("--log-level", arguments.log_level, "debug, info, warn or error")
      ->capture_default_str()
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
  CLI::App* cost = app.add_subcommand("cost", "Show what a running agent costs, by collector");
  cost->add_option("--data", arguments.data, "Folder of that agent")->capture_default_str();
  CLI::App* coverage = app.add_subcommand(
      "coverage", "Show what a running agent watches, by which means, and what it cannot compare");
  coverage->add_option("--data", arguments.data, "Folder of that agent")->capture_default_str();
  CLI::App* preview = app.add_subcommand(
      "preview", "Print everything that would leave this host, and report nothing");
  preview->fallthrough();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : kExitUsage;
  }
  StartLogging(arguments.log_level);
  if (cost->parsed()) return Finish(PrintReport(arguments.data, "cost"));
  if (coverage->parsed()) return Finish(PrintReport(arguments.data, "coverage"));
  if (preview->parsed()) return Finish(PrintPreview(std::move(arguments)));
  if (agent.engine.empty()) {
    fprintf(stderr, "driftcast-agent: --engine HOST:PORT is needed; see --help\n");
    return kExitUsage;
  }
  return Finish(RunAgent(std::move(arguments)));
}

}  // namespace
}  // namespace driftcast

int main(int argc, char** argv) { return driftcast::Main(argc, argv); }
