// driftcast watch: the fleet in a terminal, live.
#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <memory>
#include <thread>

#include <CLI/CLI.hpp>

#include "apps/cli.h"
#include "apps/client.h"
#include "apps/table.h"
#include "base/time.h"

namespace driftcast {
namespace {

struct WatchOptions {
  ClientOptions client;
  std::string stack;
  double every_s = 5;
  bool once = false;
};

std::string Text(const ClientJson& json, const char* name) {
  if (!json.contains(name) || json[name].is_null()) return {};
  return json[name].is_string() ? json[name].get<std::string>() : json[name].dump();
}

std::string Percent(double p) {
  if (p > 0 && p < 0.01) return "<1 %";
  return fmt::format("{:.0f} %", std::min(p, 0.99) * 100);
}

std::string Heading(const std::string& text, size_t count) {
  return "\n" + Inked(text, Ink::kBold) + Inked(fmt::format("  {}", count), Ink::kDim) + "\n";
}

// Everything that is shown, as lines; never more than `rows` of them are printed.
struct Answers {
  ClientJson overview, causes, alerts, plans;
};

StatusOr<Answers> Ask(const EngineClient& client, const WatchOptions& options) {
  Answers answers;
  const auto& stack = options.stack;
  DRIFTCAST_ASSIGN_OR_RETURN(answers.overview, client.Get("/api/v1/overview"));
  DRIFTCAST_ASSIGN_OR_RETURN(
      answers.causes, client.Get("/api/v1/drifts/causes", {{"stack", stack}, {"limit", "20"}}));
  DRIFTCAST_ASSIGN_OR_RETURN(
      answers.alerts,
      client.Get("/api/v1/predictions", {{"stack", stack}, {"alerts", "true"}, {"limit", "20"}}));
  DRIFTCAST_ASSIGN_OR_RETURN(
      answers.plans,
      client.Get("/api/v1/plans", {{"stack", stack}, {"state", "active"}, {"limit", "10"}}));
  return answers;
}

std::string Summary(const ClientJson& overview) {
  std::string line = Inked("Driftcast", Ink::kBold) + "  ";
  for (const auto& [status, count] : overview["counts"].items())
    if (count != 0) line += Inked(fmt::format("{} {}  ", count.dump(), status), InkOfWord(status));
  line += "\nexpected to change:";
  const auto& horizons = overview["horizons"];
  for (size_t i = 0; i < horizons.size(); ++i)
    line += fmt::format(
        "  {} {}", Text(horizons[i], "name"),
        Inked(fmt::format("{:.1f}", overview["expected_changes"][i].get<double>()), Ink::kBlue));
  return line + "\n";
}

std::string CauseLines(const ClientJson& causes, Instant now) {
  std::string lines = Heading("Has drifted", causes["rows"].size());
  TextTable table({"SEVERITY", "WHAT", "WHERE", "CAUSE", "SINCE"});
  table.AlignRight(0);
  for (const auto& group : causes["rows"]) {
    if (group["sample"].empty()) continue;
    const size_t more = group["drifts"].get<size_t>() - 1;
    std::string what = Shown(Text(group["sample"][0]["resource"], "name"), 44);
    if (more > 0) what += fmt::format(" and {} more", more);
    const size_t stacks = group["stacks_total"].get<size_t>();
    const double severity = group["severity_max"].get<double>();
    table.Add({fmt::format("{:.1f}", severity), what,
               stacks == 1 ? Shown(group["stacks"][0].get<std::string>(), 20)
                           : fmt::format("{} stacks", stacks),
               Shown(Text(group["cause"], "text"), 36), Ago(Text(group, "opened_last"), now)},
              0,
              severity >= 7   ? Ink::kRed
              : severity >= 4 ? Ink::kYellow
                              : Ink::kPlain);
  }
  return lines + (table.size() == 0 ? "nothing that was compared\n" : table.Write());
}

std::string AlertLines(const ClientJson& alerts) {
  std::string lines = Heading("Will probably drift", alerts["total"].get<size_t>());
  TextTable table({"IN 1D", "IN 7D", "WHAT", "WHERE", "TO"});
  table.AlignRight(0);
  table.AlignRight(1);
  for (const auto& row : alerts["rows"]) {
    const auto& horizons = row["horizons"];
    std::string to;
    if (!row["keys"].empty()) {
      const auto& key = row["keys"][0];
      to = Text(key, "path") + (key["value"].is_null() ? "" : " = " + Text(key, "value"));
    }
    table.Add(
        {Percent(horizons[2]["p_change"].get<double>()),
         Percent(horizons[4]["p_change"].get<double>()), Shown(Text(row["resource"], "name"), 44),
         Shown(Text(row["resource"], "stack"), 20), Shown(to, 40)},
        0, Ink::kBlue);
  }
  return lines + (table.size() == 0 ? "no alert\n" : table.Write());
}

std::string PlanLines(const ClientJson& plans) {
  if (plans["rows"].empty()) return "";
  std::string lines = Heading("Under way", plans["total"].get<size_t>());
  TextTable table({"STATE", "PLAN", "WHERE", "BY"});
  for (const auto& plan : plans["rows"]) {
    const std::string state = Text(plan, "state");
    table.Add({state, Shown(Text(plan, "title"), 60), Shown(Text(plan, "stack"), 20),
               Shown(Text(plan, "decided_by"), 20)},
              0, InkOfWord(state));
  }
  return lines + table.Write();
}

std::string Drawn(const Answers& answers) {
  const Instant now = SystemClock()->Now();
  return Summary(answers.overview) + CauseLines(answers.causes, now) + AlertLines(answers.alerts) +
         PlanLines(answers.plans);
}

// The terminal while it is ours: the other screen, no cursor, keys at once. Put back at the end.
class Screen {
 public:
  Screen() {
    tcgetattr(STDIN_FILENO, &before_);
    termios raw = before_;
    raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
    std::fputs("\033[?1049h\033[?25l", stdout);
  }
  ~Screen() {
    std::fputs("\033[?25h\033[?1049l", stdout);
    std::fflush(stdout);
    tcsetattr(STDIN_FILENO, TCSANOW, &before_);
  }

  // The text from the top, cut to the height; what stood there before is gone.
  void Draw(const std::string& text, const std::string& foot) {
    winsize size{};
    ioctl(STDOUT_FILENO, TIOCGWINSZ, &size);
    const int rows = size.ws_row > 2 ? size.ws_row - 1 : 24;
    std::string out = "\033[?7l\033[H";  // lines that are too long are cut, not broken
    size_t at = 0;
    for (int row = 0; row < rows && at < text.size(); ++row) {
      const size_t end = std::min(text.find('\n', at), text.size());
      out += text.substr(at, end - at) + "\033[K\n";
      at = end + 1;
    }
    out += "\033[J" + Inked(foot, Ink::kDim) + "\033[?7h";
    std::fputs(out.c_str(), stdout);
    std::fflush(stdout);
  }

  // False once 'q', the end of the input or an interruption came; true when a key or the time did.
  static bool Wait(int ms, const std::atomic<bool>& moved) {
    for (int waited = 0; waited < ms && !moved; waited += 100) {
      pollfd input{STDIN_FILENO, POLLIN, 0};
      const int ready = poll(&input, 1, 100);
      if (ready < 0) return false;
      if (ready == 0) continue;
      char key = 0;
      return read(STDIN_FILENO, &key, 1) == 1 && key != 'q' && key != 3 && key != 4;
    }
    return true;
  }

 private:
  termios before_{};
};

Status Watch(const WatchOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  DRIFTCAST_ASSIGN_OR_RETURN(Answers answers, Ask(client, options));
  if (options.client.json) {
    PrintJson({{"overview", answers.overview},
               {"causes", answers.causes["rows"]},
               {"alerts", answers.alerts["rows"]},
               {"plans", answers.plans["rows"]}});
    return Ok();
  }
  if (options.once || isatty(STDIN_FILENO) == 0 || isatty(STDOUT_FILENO) == 0) {
    std::fputs(Drawn(answers).c_str(), stdout);
    return Ok();
  }
  // Events say that something moved; it is then asked for, at most twice a second.
  std::atomic<bool> moved = false, ending = false;
  std::thread listener([&] {
    while (!ending) {
      (void)client.Follow("/api/v1/events?kinds=drift,prediction,plan,stack",
                          [&](std::string_view chunk) {
                            if (chunk.find("data:") != std::string_view::npos) moved = true;
                            return !ending;
                          });
      for (int i = 0; i < 20 && !ending; ++i)
        std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  });
  Status result = Ok();
  {
    Screen screen;
    std::string foot = "q ends · " + client.url();
    do {
      screen.Draw(Drawn(answers), foot);
      moved = false;
      if (!Screen::Wait(500, ending)) break;  // rest, then listen
      if (!Screen::Wait(static_cast<int>(options.every_s * 1000), moved)) break;
      auto next = Ask(client, options);
      foot = next.ok() ? "q ends · " + client.url() : "not live: " + Message(next.status());
      if (next.ok()) answers = *std::move(next);
    } while (true);
  }
  ending = true;
  listener.join();
  return result;
}

}  // namespace

void AddWatchCommand(CLI::App& app) {
  auto* command = app.add_subcommand("watch", "The fleet in this terminal, live; q ends it");
  auto options = std::make_shared<WatchOptions>();
  command->footer("Examples:\n  driftcast watch\n  driftcast watch --stack web-7 --once");
  AddClientOptions(*command, options->client);
  command->add_option("--stack", options->stack, "Only this stack");
  command->add_option("--every", options->every_s, "Ask at least so often, in seconds")
      ->check(CLI::Range(1.0, 3600.0))
      ->capture_default_str();
  command->add_flag("--once", options->once, "Print it once and end");
  OnRun(*command, [options] { return Watch(*options); });
}

}  // namespace driftcast
