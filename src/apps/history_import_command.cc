// history import git | show | feed: histories from Git repositories, one resource's past, and
// histories as the past of an engine's stacks.
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "apps/cli.h"
#include "apps/history_feed.h"
#include "apps/progress_line.h"
#include "base/time.h"
#include "ingest/git_import.h"
#include "learn/history_file.h"
#include "learn/resource_past.h"

namespace driftcast {
namespace {

using std::chrono::steady_clock;

struct ImportArguments {
  ingest::GitImportOptions options;
  std::string out = ".";
  std::string tree = "auto";
  bool progress = false;
};

void PrintSummary(const ingest::GitImportSummary& s, double seconds) {
  std::printf("%s: %s\n", s.stack.c_str(), s.events.string().c_str());
  std::printf("  read as %s\n",
              s.tree == ingest::TreeKind::kHost ? "a host's /etc" : "sources of configuration");
  std::printf("  %zu commits, %llu of them change configuration (%llu by programs)\n", s.commits,
              static_cast<unsigned long long>(s.changes),
              static_cast<unsigned long long>(s.bot_changes));
  std::printf("  %llu events (%llu in restructurings), %llu first values, %zu resources live now\n",
              static_cast<unsigned long long>(s.events_written),
              static_cast<unsigned long long>(s.mass_events),
              static_cast<unsigned long long>(s.initial_rows), s.resources);
  std::printf("  %llu versions of files read, %llu passed over because they do not parse\n",
              static_cast<unsigned long long>(s.versions),
              static_cast<unsigned long long>(s.unreadable));
  for (const std::string& one : s.first_unreadable) std::printf("    %s\n", one.c_str());
  std::printf("  %.1f s, %.0f commits/s\n", seconds, static_cast<double>(s.commits) / seconds);
}

Status RunImport(ImportArguments arguments) {
  ingest::GitImportOptions& options = arguments.options;
  options.out = arguments.out;
  if (arguments.tree == "host") options.tree = ingest::TreeKind::kHost;
  if (arguments.tree == "sources") options.tree = ingest::TreeKind::kSources;
  const auto start = steady_clock::now();
  auto line = std::make_unique<ProgressLine>(arguments.progress || isatty(STDERR_FILENO) == 1);
  options.progress = [&](size_t done, size_t total) {
    const double rate =
        static_cast<double>(done) /
        std::max(std::chrono::duration<double>(steady_clock::now() - start).count(), 1e-3);
    line->Show(static_cast<double>(done) / static_cast<double>(std::max<size_t>(total, 1)),
               "importing", fmt::format(" ({} of {} commits, {:.0f}/s)", done, total, rate));
  };
  auto summary = ingest::ImportGitHistory(options);
  line.reset();
  if (!summary.ok()) return summary.status();
  PrintSummary(*summary, std::chrono::duration<double>(steady_clock::now() - start).count());
  return Ok();
}

void AddImportGit(CLI::App& import) {
  auto arguments = std::make_shared<ImportArguments>();
  CLI::App* git = import.add_subcommand(
      "git",
      "Turn a Git repository of configuration into a history: Kubernetes, Helm, Kustomize, "
      "Terraform, Ansible, Puppet data, or a host's /etc under etckeeper.");
  git->add_option("repository", arguments->options.repository, "working tree or bare repository")
      ->required();
  git->add_option("--out", arguments->out, "folder for STACK.tsv.gz and STACK.init.tsv.gz")
      ->capture_default_str();
  git->add_option("--stack", arguments->options.stack,
                  "name of the stack (default: the repository's folder)");
  git->add_option("--branch", arguments->options.branch, "branch to follow (default: HEAD)");
  git->add_option("--tree", arguments->tree, "what the files are: auto, sources, host")
      ->check(CLI::IsMember({"auto", "sources", "host"}))
      ->capture_default_str();
  git->add_flag("--progress", arguments->progress, "show progress even when stderr is no terminal");
  OnRun(*git, [arguments] { return RunImport(*arguments); });
}

std::string Minute(Instant at) {
  std::string text = FormatInstant(at).substr(0, 16);
  text[10] = ' ';
  return text;
}

std::string Worded(const ChangeEvent& e) {
  switch (e.op) {
    case ChangeOp::kCreate:
      return "appeared with " + e.new_value + " keys";
    case ChangeOp::kDelete:
      return "vanished with " + e.old_value + " keys";
    case ChangeOp::kAdd:
      return "+ " + e.path + " = " + e.new_value;
    case ChangeOp::kRemove:
      return "- " + e.path + " (was " + e.old_value + ")";
    default:
      return "~ " + e.path + ": " + e.old_value + " -> " + e.new_value;
  }
}

void PrintPast(const learn::ResourcePast& past, size_t limit) {
  std::printf("%s\n%s of stack %s, ", past.resource.c_str(), past.kind.c_str(), past.stack.c_str());
  if (past.live)
    std::printf("live with %zu keys", past.state.size());
  else
    std::printf("gone");
  std::printf("; history to %s UTC\n", Minute(past.stack_end).c_str());
  const size_t first = past.events.size() > limit ? past.events.size() - limit : 0;
  if (first > 0) std::printf("\n(%zu earlier events; --limit shows more)\n", first);
  uint64_t change = 0;
  for (size_t i = first; i < past.events.size(); ++i) {
    const ChangeEvent& e = past.events[i];
    if (i == first || e.change_id != change)
      std::printf("\n%s  change %llu  by %s%s%s\n", Minute(e.at).c_str(),
                  static_cast<unsigned long long>(e.change_id),
                  e.actor.empty() ? "unknown" : e.actor.c_str(), e.bot ? " (program)" : "",
                  e.mass ? ", part of a restructuring" : "");
    change = e.change_id;
    std::printf("  %s\n", Worded(e).c_str());
  }
  if (past.busiest_keys.empty()) return;
  std::printf("\nmost often:\n");
  for (size_t i = 0; i < std::min<size_t>(5, past.busiest_keys.size()); ++i)
    std::printf("  %4zu x %s\n", past.busiest_keys[i].second, past.busiest_keys[i].first.c_str());
}

nlohmann::json EventToJson(const ChangeEvent& e) {
  nlohmann::json json = {{"at", FormatInstant(e.at)}, {"op", learn::OpName(e.op)},
                         {"actor", e.actor},          {"bot", e.bot},
                         {"change", e.change_id},     {"mass", e.mass}};
  if (!e.path.empty()) json["path"] = e.path;
  if (!e.old_value.empty()) json["old"] = e.old_value;
  if (!e.new_value.empty()) json["new"] = e.new_value;
  return json;
}

void PrintPastAsJson(const learn::ResourcePast& past) {
  nlohmann::json events = nlohmann::json::array();
  for (const ChangeEvent& e : past.events) events.push_back(EventToJson(e));
  nlohmann::json state = nlohmann::json::object();
  for (const auto& [path, values] : past.state) {
    if (values.size() == 1 && !path.ends_with("[]"))
      state[path] = *values.begin();
    else
      state[path] = values;
  }
  const nlohmann::json json = {{"stack", past.stack},
                               {"kind", past.kind},
                               {"resource", past.resource},
                               {"live", past.live},
                               {"events", events},
                               {"state", state},
                               {"history_end", FormatInstant(past.stack_end)}};
  std::printf("%s\n", json.dump(2).c_str());
}

struct ShowArguments {
  std::string where;
  std::string resource;
  size_t limit = 100;
  bool json = false;
};

void AddShow(CLI::App& history) {
  auto arguments = std::make_shared<ShowArguments>();
  CLI::App* show = history.add_subcommand("show", "Tell one resource's past.");
  show->add_option("history", arguments->where, "STACK.tsv.gz, or a folder of histories")
      ->required();
  show->add_option("resource", arguments->resource, "id of the resource, or a part of it")
      ->required();
  show->add_option("--limit", arguments->limit, "newest events shown")->capture_default_str();
  show->add_flag("--json", arguments->json, "everything, as JSON");
  OnRun(*show, [arguments]() -> Status {
    DRIFTCAST_ASSIGN_OR_RETURN(const learn::ResourcePast past,
                               learn::ReadResourcePast(arguments->where, arguments->resource));
    if (arguments->json)
      PrintPastAsJson(past);
    else
      PrintPast(past, arguments->limit);
    return Ok();
  });
}

struct FeedArguments {
  std::string folder;
  std::string data = DefaultDataFolder();
  std::vector<std::string> stacks;
};

Status RunFeed(const FeedArguments& arguments) {
  DRIFTCAST_ASSIGN_OR_RETURN(auto files, learn::ListHistories(arguments.folder));
  if (!arguments.stacks.empty())
    std::erase_if(files, [&](const std::filesystem::path& file) {
      return std::ranges::find(arguments.stacks, learn::StackOfHistory(file)) ==
             arguments.stacks.end();
    });
  if (files.empty()) return NotFound("{} holds no such history", arguments.folder);
  EngineOptions options;
  options.data = arguments.data;
  options.tick = kDay * 365;  // nothing but the past is to move
  auto engine = Engine::Open(options, SystemClock());
  if (engine.status().code() == StatusCode::kUnavailable)
    return FailedPrecondition(
        "the store in {} is held by a running engine; stop it, feed, and start it again",
        arguments.data);
  DRIFTCAST_RETURN_IF_ERROR(engine.status());
  uint64_t all = 0;
  for (const auto& file : files) {
    DRIFTCAST_ASSIGN_OR_RETURN(const auto reader, learn::HistoryReader::Open(file));
    ChangeEvent event;
    while (true) {
      DRIFTCAST_ASSIGN_OR_RETURN(const bool any, reader->Next(&event));
      if (!any) break;
      ++all;
    }
  }
  ProgressLine line(isatty(STDERR_FILENO) != 0);
  DRIFTCAST_ASSIGN_OR_RETURN(
      const FedHistory fed, FeedHistories(**engine, files, [&](uint64_t events) {
        line.Show(static_cast<double>(events) / static_cast<double>(all), "feeding");
      }));
  std::printf("%llu events of %llu stacks are their past now",
              static_cast<unsigned long long>(fed.events),
              static_cast<unsigned long long>(fed.stacks));
  if (fed.skipped > 0)
    std::printf(" (%llu were there already)", static_cast<unsigned long long>(fed.skipped));
  std::printf("\n");
  return Ok();
}

void AddFeed(CLI::App& history) {
  auto arguments = std::make_shared<FeedArguments>();
  CLI::App* feed = history.add_subcommand("feed", "Make histories the past of an engine's stacks.");
  feed->add_option("folder", arguments->folder, "Folder of STACK.tsv.gz files")->required();
  feed->add_option("--data", arguments->data, "Folder of the engine, which must not run")
      ->capture_default_str();
  feed->add_option("--stacks", arguments->stacks, "These stacks only")->delimiter(',');
  OnRun(*feed, [arguments] { return RunFeed(*arguments); });
}

}  // namespace

void AddHistoryImportCommands(CLI::App& app) {
  CLI::App* history =
      app.add_subcommand("history", "Configuration histories: import them, look into them.");
  history->require_subcommand(1);
  CLI::App* import = history->add_subcommand("import", "Import a history.");
  import->require_subcommand(1);
  AddImportGit(*import);
  AddShow(*history);
  AddFeed(*history);
}

}  // namespace driftcast
