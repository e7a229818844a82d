// Registered commands, the package cache, and checks that only look.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/statvfs.h>

#include <cerrno>
#include <charconv>
#include <limits>
#include <thread>

#include "apply/action.h"
#include "apply/subprocess.h"
#include "base/file.h"
#include "collect/certificate_collector.h"
#include "collect/host_metrics.h"
#include "collect/names.h"

namespace driftcast {
namespace {

constexpr auto kLookAgain = std::chrono::milliseconds(200);

StatusOr<int> NumberIn(const PlanStep& step, const char* name, int least, int most) {
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string text, Parameter(step, name));
  int number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size() || number < least ||
      number > most)
    return InvalidArgument("'{}' of {} is not between {} and {}", name, StepKindName(step.kind),
                           least, most);
  return number;
}

// Program and arguments of a registered command, below the host's root.
StatusOr<std::vector<std::string>> CommandOf(const PlanStep& step, const ActionTools& tools) {
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string name, Parameter(step, "command"));
  auto values = step.parameters;
  values.erase("command");
  DRIFTCAST_ASSIGN_OR_RETURN(auto command, tools.commands.Fill(name, values));
  if (tools.files.root() != "/") command[0] = tools.files.root() + command[0];
  return command;
}

Status RunCommand(const std::vector<std::string>& command, Duration timeout) {
  Subprocess process;
  process.arguments = command;
  process.timeout = timeout;
  DRIFTCAST_ASSIGN_OR_RETURN(const SubprocessResult result, Run(process));
  if (result.exit_code == 0) return Ok();
  return FailedPrecondition("{} ended with code {}: {}", command[0], result.exit_code,
                            TailOf(result.output));
}

Status TryPort(const std::string& host, int port, Duration timeout) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<uint16_t>(port));
  if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1)
    return InvalidArgument("'{}' is no IPv4 address", host.substr(0, 40));
  const FileDescriptor fd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd) return ErrnoStatus(errno, "socket");
  if (connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return Ok();
  int error = errno;
  if (error == EINPROGRESS) {
    pollfd entry{fd.get(), POLLOUT, 0};
    socklen_t size = sizeof error;
    if (poll(&entry, 1, static_cast<int>(timeout.count() / 1000)) == 1)
      getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error == 0) return Ok();
  }
  return FailedPrecondition("port {} of {} does not answer: {}", port, host,
                            error == EINPROGRESS ? "timed out" : strerror(error));
}

// Changes nothing; the plan fails, and goes back, unless what it looks at is well in time.
class CheckAction : public Action {
 public:
  CheckAction(PlanStep step, const ActionTools& tools) : step_(std::move(step)), tools_(tools) {}

  Status Prepare(bool) override {
    switch (step_.kind) {
      case StepKind::kCheckUnit:
        return ValidateUnitName(Unit());
      case StepKind::kCheckPort:
        return NumberIn(step_, "port", 1, 65535).status();
      case StepKind::kCheckCommand:
        return CommandOf(step_, tools_).status();
      case StepKind::kCheckCertificate:
        return After().status();
      case StepKind::kCheckMetric:
        return PrepareMetric();
      default:
        return NumberIn(step_, "percent_max", 1, 100).status();
    }
  }
  StatusOr<std::vector<Undo>> Undos() override { return std::vector<Undo>{}; }
  Status Do() override { return Ok(); }

  Status Verify() override {
    const auto deadline = std::chrono::steady_clock::now() + step_.timeout;
    for (;;) {
      const Status status = Look();
      const bool over = std::chrono::steady_clock::now() + kLookAgain > deadline ||
                        (tools_.stop && tools_.stop());
      if (status.ok() || over || status.code() == StatusCode::kInvalidArgument) return status;
      std::this_thread::sleep_for(kLookAgain);
    }
  }

  std::string Preview() const override {
    std::string what;
    for (const auto& [name, value] : step_.parameters) what += fmt::format(" {}={}", name, value);
    return fmt::format("{}:{}\n", StepKindName(step_.kind), what);
  }

 private:
  std::string Unit() const {
    const auto named = step_.parameters.find("unit");
    return named == step_.parameters.end() ? step_.resource.name : named->second;
  }

  Status Look() {
    if (step_.kind == StepKind::kCheckUnit) {
      DRIFTCAST_ASSIGN_OR_RETURN(const UnitState state, tools_.units.Read(Unit()));
      if (state.active != "active") return FailedPrecondition("{} is {}", Unit(), state.active);
      return Ok();
    }
    if (step_.kind == StepKind::kCheckPort) {
      DRIFTCAST_ASSIGN_OR_RETURN(const int port, NumberIn(step_, "port", 1, 65535));
      const auto host = step_.parameters.find("host");
      return TryPort(host == step_.parameters.end() ? "127.0.0.1" : host->second, port, kSecond);
    }
    if (step_.kind == StepKind::kCheckCommand) {
      DRIFTCAST_ASSIGN_OR_RETURN(const auto command, CommandOf(step_, tools_));
      return RunCommand(command, step_.timeout);
    }
    if (step_.kind == StepKind::kCheckCertificate) return LookAtCertificate();
    if (step_.kind == StepKind::kCheckMetric) return LookAtMetric();
    return LookAtSpace();
  }

  StatusOr<Instant> After() const {
    DRIFTCAST_ASSIGN_OR_RETURN(const std::string after, Parameter(step_, "after"));
    return ParseInstant(after);
  }

  Status LookAtCertificate() const {
    DRIFTCAST_ASSIGN_OR_RETURN(const Instant after, After());
    const std::string path = PathOfResourceName(step_.resource.name);
    DRIFTCAST_ASSIGN_OR_RETURN(const FileImage image, tools_.files.Read(path));
    const auto facts = ReadCertificate(image.content);
    if (!facts) return FailedPrecondition("{} holds no certificate", path);
    if (facts->not_after > after) return Ok();
    return FailedPrecondition("{} still ends {}", path, FormatInstant(facts->not_after));
  }

  StatusOr<double> Bound(const char* name, double missing) const {
    const auto found = step_.parameters.find(name);
    if (found == step_.parameters.end()) return missing;
    double bound = 0;
    const std::string& text = found->second;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), bound);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
      return InvalidArgument("'{}' of check_metric is no number", name);
    return bound;
  }

  Status PrepareMetric() {
    DRIFTCAST_RETURN_IF_ERROR(Parameter(step_, "metric").status());
    if (!step_.parameters.contains("max") && !step_.parameters.contains("min"))
      return InvalidArgument("check_metric has neither 'max' nor 'min'");
    DRIFTCAST_RETURN_IF_ERROR(Bound("min", 0).status());
    DRIFTCAST_RETURN_IF_ERROR(Bound("max", 0).status());
    metrics_ = std::make_unique<HostMetrics>(metrics_root_);
    return Ok();
  }

  // Rates are there from the second look on.
  Status LookAtMetric() {
    DRIFTCAST_ASSIGN_OR_RETURN(const double least,
                               Bound("min", -std::numeric_limits<double>::infinity()));
    DRIFTCAST_ASSIGN_OR_RETURN(const double most,
                               Bound("max", std::numeric_limits<double>::infinity()));
    const std::string& metric = step_.parameters.at("metric");
    for (const MetricPoint& point : metrics_->Sample(SystemClock()->Now())) {
      const bool whole = point.resource_kind == "host" && step_.resource.kind == "host";
      const bool same =
          point.resource_kind == step_.resource.kind && point.resource_name == step_.resource.name;
      if (point.metric != metric || !(whole || same)) continue;
      if (point.value >= least && point.value <= most) return Ok();
      return FailedPrecondition("{} of {} is {:.4g} and not within {:.4g} to {:.4g}", metric,
                                step_.resource.name, point.value, least, most);
    }
    return FailedPrecondition("{} of {} {} cannot be read here", metric, step_.resource.kind,
                              step_.resource.name);
  }

  Status LookAtSpace() {
    DRIFTCAST_ASSIGN_OR_RETURN(const int most, NumberIn(step_, "percent_max", 1, 100));
    const std::string path = PathOfResourceName(step_.resource.name);
    DRIFTCAST_RETURN_IF_ERROR(path == "/" ? Ok() : ValidateHostPath(path));
    struct statvfs info {};
    if (statvfs((tools_.files.root() + path).c_str(), &info) != 0) return ErrnoStatus(errno, path);
    const double used = static_cast<double>(info.f_blocks - info.f_bfree);
    const double usable = used + static_cast<double>(info.f_bavail);
    const double percent = usable > 0 ? 100 * used / usable : 0;
    if (percent <= most) return Ok();
    return FailedPrecondition("{} is {:.1f} % full and not below {} %", path, percent, most);
  }

  const PlanStep step_;
  const ActionTools tools_;
  const HostRoot metrics_root_{tools_.files.root()};
  std::unique_ptr<HostMetrics> metrics_;
};

// One-way: what the program does is its own business. It counts as done when it says so.
class CommandAction : public Action {
 public:
  CommandAction(PlanStep step, const ActionTools& tools) : step_(std::move(step)), tools_(tools) {}

  Status Prepare(bool) override {
    if (step_.reversible)
      return FailedPrecondition("a command cannot be undone, and the step claims that it can");
    if (step_.kind == StepKind::kCleanPackageCache) {
      command_ = {"/usr/bin/apt-get", "-o", "Dir=" + tools_.files.root(), "clean"};
      return Ok();
    }
    DRIFTCAST_ASSIGN_OR_RETURN(command_, CommandOf(step_, tools_));
    return Ok();
  }
  StatusOr<std::vector<Undo>> Undos() override {
    Undo undo;
    undo.kind = Undo::Kind::kNone;
    undo.name = command_[0];
    return std::vector<Undo>{std::move(undo)};
  }
  Status Do() override { return RunCommand(command_, step_.timeout); }
  Status Verify() override { return Ok(); }
  std::string Preview() const override {
    std::string text = "run";
    for (const std::string& part : command_) text += " " + part;
    return text + "\n";
  }

 private:
  const PlanStep step_;
  const ActionTools tools_;
  std::vector<std::string> command_;
};

}  // namespace

std::unique_ptr<Action> MakeCheckAction(const PlanStep& step, const ActionTools& tools) {
  return std::make_unique<CheckAction>(step, tools);
}

std::unique_ptr<Action> MakeCommandAction(const PlanStep& step, const ActionTools& tools) {
  return std::make_unique<CommandAction>(step, tools);
}

}  // namespace driftcast
