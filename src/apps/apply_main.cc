// driftcast-apply: the only program that changes a host. It carries out one signed order, given on
// its input, or puts back what an interrupted one left. See docs/remedies.md.
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <string>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apply/allow_list.h"
#include "apply/confine.h"
#include "apply/executor.h"
#include "base/file.h"
#include "collect/lens_client.h"
#include "wire/order.h"

namespace driftcast {
namespace {

constexpr size_t kOrderBytesMax = 4 << 20;

volatile sig_atomic_t stop_asked = 0;

constexpr int kExitSucceeded = 0;
constexpr int kExitFailed = 1;  // refused, or failed before anything was changed
constexpr int kExitUsage = 2;
constexpr int kExitRolledBack = 3;  // everything is as before
constexpr int kExitUnclear = 4;     // a person must look

struct Arguments {
  std::string root = "/";
  std::string data = "/var/lib/driftcast/apply";
  std::string allow = "/etc/driftcast/allow";
  std::string commands = "/etc/driftcast/commands";
  std::string bus;
  std::string key_file;
  std::string stack;
  std::string lens;
  std::vector<std::string> packages;
  bool no_download = false;
  bool dry_run = false;
  bool recover = false;
  bool print_allowed = false;
  std::string settle;
};

int ExitCodeOf(PlanState state) {
  if (state == PlanState::kSucceeded) return kExitSucceeded;
  if (state == PlanState::kRolledBack) return kExitRolledBack;
  return state == PlanState::kUnclear ? kExitUnclear : kExitFailed;
}

void Print(const nlohmann::json& line) {
  const std::string text =
      line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  fwrite(text.data(), 1, text.size(), stdout);
  fflush(stdout);
}

void PrintProgress(const ApplyProgress& progress) {
  Print({{"plan", progress.plan.value},
         {"step", progress.step},
         {"state", PlanStateName(progress.state)},
         {"detail", progress.detail},
         {"downtime_us", progress.downtime.count()},
         {"changed", progress.changed}});
}

StatusOr<std::string> ReadInput() {
  std::string out;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t n = read(STDIN_FILENO, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoStatus(errno, "input");
    if (n == 0) return out;
    out.append(buffer.data(), static_cast<size_t>(n));
    if (out.size() > kOrderBytesMax)
      return InvalidArgument("an order of more than {} bytes is refused", kOrderBytesMax);
  }
}

StatusOr<Order> ReadOrder() {
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string bytes, ReadInput());
  v1::SignedPlan message;
  if (!message.ParseFromString(bytes)) return InvalidArgument("the input is no signed plan");
  return FromProto(message);
}

// 32 raw bytes, or their 64 hexadecimal digits with or without a line break.
StatusOr<std::string> ReadKey(const std::string& file) {
  DRIFTCAST_ASSIGN_OR_RETURN(std::string text, ReadFile(file, 4096));
  if (text.size() == 32) return text;
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
  auto key = FromHex(text);
  if (!key.ok() || key->size() != 32)
    return InvalidArgument("{} holds no Ed25519 public key (32 bytes, or 64 hexadecimal digits)",
                           file);
  return key;
}

StatusOr<ApplyOptions> OptionsOf(const Arguments& arguments) {
  ApplyOptions options;
  options.root = std::filesystem::path(arguments.root).lexically_normal().string();
  if (options.root.size() > 1 && options.root.back() == '/') options.root.pop_back();
  options.data = arguments.data;
  options.allow = arguments.allow;
  options.commands = arguments.commands;
  options.bus_address = arguments.bus;
  options.stack = StackId(arguments.stack);
  for (const auto& folder : arguments.packages) options.package_sources.emplace_back(folder);
  options.may_download = !arguments.no_download;
  options.dry_run = arguments.dry_run;
  if (arguments.recover || !arguments.settle.empty()) return options;
  if (arguments.stack.empty()) return InvalidArgument("--stack is needed");
  DRIFTCAST_ASSIGN_OR_RETURN(options.public_key, ReadKey(arguments.key_file));
  return options;
}

int Fail(const Status& status, int code) {
  fprintf(stderr, "driftcast-apply: %s\n", Message(status).c_str());
  Print({{"step", -1}, {"state", "failed"}, {"detail", Message(status)}, {"downtime_us", 0}});
  return code;
}

int PrintAllowed(const Arguments& arguments) {
  const auto allow = AllowList::Load(arguments.allow);
  if (!allow.ok()) return Fail(allow.status(), kExitFailed);
  for (const auto& kind : allow->Kinds()) printf("%s\n", kind.c_str());
  if (allow->WantsApprovers()) printf("%s\n", kApproverKeysLabel);
  return kExitSucceeded;
}

int RunRecover(const ApplyOptions& options) {
  const auto results = Recover(options, *SystemClock(), PrintProgress);
  if (!results.ok()) return Fail(results.status(), kExitFailed);
  for (const auto& result : *results)
    if (result.state == PlanState::kUnclear) return kExitUnclear;
  return kExitSucceeded;
}

int RunSettle(const std::string& plan, const ApplyOptions& options) {
  const auto result = Settle(PlanId(plan), options, *SystemClock());
  if (!result.ok()) return Fail(result.status(), kExitFailed);
  PrintProgress({PlanId(plan), -1, result->state, result->detail, Duration{0}});
  return ExitCodeOf(result->state);
}

int RunOrder(const Arguments& arguments, ApplyOptions options) {
  const auto order = ReadOrder();
  if (!order.ok()) return Fail(order.status(), kExitFailed);
  LensClient lens(arguments.lens);
  if (!arguments.lens.empty())
    options.lens = [&lens](const std::string& name, std::string_view content) {
      return lens.Parse(name, content);
    };
  options.stop = [] { return stop_asked != 0; };
  if (options.dry_run) ForbidWriting();
  const auto result = Execute(*order, options, *SystemClock(), PrintProgress);
  if (!result.preview.empty()) Print({{"diff", result.preview}});
  return ExitCodeOf(result.state);
}

int Main(int argc, char** argv) {
  Arguments arguments;
  CLI::App app("Carries out one signed Driftcast order (on its input) on this host.");
  app.add_option("--root", arguments.root, "Folder of the host that is changed")
      ->capture_default_str();
  app.add_option("--data", arguments.data, "Intent log, pre-images and ledger")
      ->capture_default_str();
  app.add_option("--allow", arguments.allow, "What may be changed; missing or empty: nothing")
      ->capture_default_str();
  app.add_option("--commands", arguments.commands, "Commands that may be run by name")
      ->capture_default_str();
  app.add_option("--bus", arguments.bus,
                 "Address of the service manager's bus (default: the system's)");
  app.add_option("--key", arguments.key_file, "The engine's public key for orders");
  app.add_option("--stack", arguments.stack, "This host's stack; orders for others are refused");
  app.add_option("--lens", arguments.lens, "The program driftcast-lens, for JSON, YAML and others");
  app.add_option("--packages", arguments.packages, "Folder with package files; may be repeated");
  app.add_flag("--no-download", arguments.no_download, "Do not ask apt for packages");
  app.add_flag("--dry-run", arguments.dry_run, "Print the exact change and write nothing");
  app.add_flag("--recover", arguments.recover, "Put back what an interrupted order left");
  app.add_option("--settle", arguments.settle,
                 "Say what became of a plan; one that was not begun never is");
  app.add_flag("--print-allowed", arguments.print_allowed, "Print the kinds that may be changed");
  app.footer("SIGTERM: no further step is begun, and what was done is put back.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : kExitUsage;
  }
  if (arguments.print_allowed) return PrintAllowed(arguments);
  auto options = OptionsOf(arguments);
  if (!options.ok()) return Fail(options.status(), kExitUsage);
  if (!arguments.settle.empty()) return RunSettle(arguments.settle, *options);
  return arguments.recover ? RunRecover(*options) : RunOrder(arguments, *std::move(options));
}

}  // namespace
}  // namespace driftcast

int main(int argc, char** argv) {
  // Whoever listens may go away; the work on the host goes on to its end or back.
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  // Asked to stop: not in the middle of a step, and never without the way back.
  signal(SIGTERM, [](int) { driftcast::stop_asked = 1; });
  return driftcast::Main(argc, argv);
}
