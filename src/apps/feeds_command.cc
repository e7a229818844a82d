// driftcast feeds: outside knowledge, into the engine that runs or into its store while none does.
#include <algorithm>
#include <cstdio>
#include <filesystem>

#include <CLI/CLI.hpp>

#include "apps/cli.h"
#include "apps/client.h"
#include "apps/feed_home.h"
#include "apps/table.h"
#include "base/crypto.h"
#include "engine/engine.h"
#include "ingest/feed_file.h"
#include "web/json.h"

namespace driftcast {
namespace {

constexpr size_t kPieceBytes = 512 << 10;

struct FeedArguments {
  ClientOptions client;
  std::vector<std::string> files;
  std::string name, format, config;
};

// Where feeds are kept: a running engine, or its store.
class FeedPlace {
 public:
  static StatusOr<FeedPlace> Find(const ClientOptions& options) {
    FeedPlace home;
    auto client = EngineClient::Find(options);
    if (client.ok()) {
      // An engine that died has left its address behind: then the store is free.
      const auto there = client->Get("/api/v1/feeds");
      if (there.ok() || !options.server.empty() ||
          there.status().code() != StatusCode::kUnavailable) {
        DRIFTCAST_RETURN_IF_ERROR(there.status());
        home.client_ = *std::move(client);
        return home;
      }
    } else if (client.status().code() != StatusCode::kNotFound || !options.server.empty()) {
      return client.status();
    }
    return OpenStore(options.data);
  }

  Status Publish(FeedPublished feed, const std::string& content) const {
    if (engine_ != nullptr) return engine_->PublishFeed(std::move(feed), content);
    return Send(feed, content);
  }

  Status Remove(const std::string& name) const {
    if (engine_ == nullptr) return client_->Delete("/api/v1/feeds/" + name).status();
    FeedPublished feed;
    feed.feed = name;
    feed.removed = true;
    Fact fact;
    fact.at = SystemClock()->Now();
    fact.body = std::move(feed);
    return engine_->SubmitAndWait({std::move(fact)});
  }

  // Asks the configured feeds: the engine's own service, or here, one after the other.
  Status Update(const std::string& name, const std::string& config_file) const {
    if (engine_ == nullptr) return client_->Post("/api/v1/feeds/update", {{"feed", name}}).status();
    const auto data = std::filesystem::path(data_);
    DRIFTCAST_ASSIGN_OR_RETURN(
        const FeedConfig config,
        ReadFeedConfig(config_file.empty() ? data / "feeds.toml"
                                           : std::filesystem::path(config_file)));
    EngineFeedHome home(*engine_);
    Status first_failure = name.empty() ? Ok() : NotFound("no feed '{}' is configured", name);
    for (const FeedSource& source : config.feeds) {
      if (!name.empty() && source.name != name) continue;
      const FeedTurn turn =
          TakeTurn(source, config.proxy, data / "feeds", 0, SystemClock()->Now(), home);
      if (first_failure.ok() || !name.empty()) first_failure = turn.status;
    }
    return first_failure;
  }

  // The rows of GET /api/v1/feeds.
  StatusOr<ClientJson> Feeds() const {
    if (engine_ == nullptr) return client_->Get("/api/v1/feeds");
    ClientJson rows = ClientJson::array();
    const Instant now = SystemClock()->Now();
    for (const FeedStatus& feed : engine_->Ask([](const EngineView& view) { return view.Feeds(); }))
      rows.push_back(ToJson(feed, now));
    return ClientJson{{"rows", std::move(rows)}};
  }

 private:
  static StatusOr<FeedPlace> OpenStore(const std::string& data) {
    std::error_code error;
    if (!std::filesystem::is_directory(std::filesystem::path(data) / "store", error))
      return NotFound(
          "{} holds no engine's store: start `driftcast engine --data` with it once, "
          "or name a running engine with --server URL",
          data);
    EngineOptions options;
    options.data = data;
    options.tick = kDay * 365;  // nothing but feeds is to move
    auto engine = Engine::Open(options, SystemClock());
    if (engine.status().code() == StatusCode::kUnavailable)
      return FailedPrecondition(
          "the store in {} is held by an engine that does not answer; stop it, or name it with "
          "--server URL",
          data);
    DRIFTCAST_RETURN_IF_ERROR(engine.status());
    FeedPlace home;
    home.engine_ = *std::move(engine);
    home.data_ = data;
    return home;
  }

  Status Send(const FeedPublished& feed, const std::string& content) const {
    const std::string digest = Hex(Sha256(content));
    for (size_t at = 0; at < content.size(); at += kPieceBytes) {
      const ClientJson piece = {
          {"digest", digest},
          {"offset", at},
          {"data", Base64(std::string_view(content).substr(at, kPieceBytes))}};
      DRIFTCAST_RETURN_IF_ERROR(client_->Post("/api/v1/feeds/upload", piece).status());
    }
    ClientJson json = {{"feed", feed.feed},
                       {"format", feed.format},
                       {"digest", digest},
                       {"source", feed.source},
                       {"fetched_at", FormatInstant(feed.fetched_at)},
                       {"records", feed.records},
                       {"warnings", feed.warnings},
                       {"warning_samples", feed.warning_samples}};
    if (feed.newest_at != Instant()) json["newest_at"] = FormatInstant(feed.newest_at);
    return client_->Post("/api/v1/feeds", json).status();
  }

  std::optional<EngineClient> client_;
  std::unique_ptr<Engine> engine_;  // instead of it
  std::string data_;
};

// "Debian OSV.zip" -> "debian-osv": what a feed is called when nobody names it.
std::string NameFor(const std::string& format, const std::filesystem::path& file) {
  if (format != "osv" && format != "indicators" && format != "stix" && format != "warninglist")
    return format;
  std::string name = file.filename().string();
  name = name.substr(0, name.find('.'));
  for (char& c : name) {
    c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    if (!std::isalnum(static_cast<unsigned char>(c)) && c != '_') c = '-';
  }
  return name.empty() ? format : name.substr(0, 64);
}

// "-" where the feed does not say how old its records are.
std::string AgeOf(const ClientJson& time, Instant now) {
  return time.is_string() ? Ago(time.get<std::string>(), now) : "-";
}

std::string StateOf(const ClientJson& row) {
  if (!row["error"].get<std::string>().empty()) return "failed";
  return row["stale"].get<bool>() ? "stale" : "current";
}

void PrintFeeds(const ClientJson& feeds) {
  const Instant now = SystemClock()->Now();
  TextTable table({"FEED", "FORMAT", "STATE", "RECORDS", "NEWEST", "FETCHED", "SOURCE"});
  table.AlignRight(3);
  for (const auto& row : feeds["rows"]) {
    const std::string state = StateOf(row);
    table.Add({row["feed"].get<std::string>(), row["format"].get<std::string>(), state,
               std::to_string(row["records"].get<uint64_t>()), AgeOf(row["newest_at"], now),
               AgeOf(row["fetched_at"], now), Shown(row["source"].get<std::string>(), 50)},
              2, state == "current" ? Ink::kGreen : Ink::kRed);
  }
  std::fputs(table.size() == 0 ? "No feed was read yet: driftcast feeds import FILE...\n"
                               : table.Write().c_str(),
             stdout);
  for (const auto& row : feeds["rows"])
    if (const auto error = row["error"].get<std::string>(); !error.empty())
      std::printf("%s: %s (what was read before stays in use)\n",
                  row["feed"].get<std::string>().c_str(), Shown(error, 300).c_str());
}

Status ShowStatus(const FeedArguments& arguments) {
  DRIFTCAST_ASSIGN_OR_RETURN(const FeedPlace home, FeedPlace::Find(arguments.client));
  DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson feeds, home.Feeds());
  arguments.client.json ? PrintJson(feeds) : PrintFeeds(feeds);
  return Ok();
}

void PrintImported(const FeedPublished& feed, const FeedFile& file) {
  std::printf("%s: %llu records of format %s from %s (%.1f MB read, %.1f MB kept)\n",
              feed.feed.c_str(), static_cast<unsigned long long>(feed.records), feed.format.c_str(),
              Shown(feed.source, 200).c_str(), static_cast<double>(file.bytes) / 1e6,
              static_cast<double>(file.feed.content.size()) / 1e6);
  if (feed.warnings == 0) return;
  std::printf("  %llu records could not be used, the first of them:\n",
              static_cast<unsigned long long>(feed.warnings));
  for (const auto& sample : feed.warning_samples)
    std::printf("    %s\n", Shown(sample, 160).c_str());
}

Status ImportOne(const FeedPlace& home, const FeedArguments& arguments,
                 const std::vector<std::filesystem::path>& files) {
  DRIFTCAST_ASSIGN_OR_RETURN(const FeedFile file, ReadFeedFiles(files, arguments.format));
  FeedPublished feed;
  feed.feed = arguments.name.empty() ? NameFor(file.format, files[0]) : arguments.name;
  feed.format = file.format;
  feed.source = files[0].string();
  if (files.size() > 1) feed.source += fmt::format(" and {} more", files.size() - 1);
  feed.fetched_at = SystemClock()->Now();
  feed.newest_at = file.feed.newest_at;
  feed.records = file.feed.records;
  feed.warnings = file.feed.warnings;
  feed.warning_samples = file.feed.warning_samples;
  DRIFTCAST_RETURN_IF_ERROR(home.Publish(feed, file.feed.content));
  if (!arguments.client.json) PrintImported(feed, file);
  return Ok();
}

// Each file is a feed of its own, unless a name makes one of them all.
Status Import(const FeedArguments& arguments) {
  DRIFTCAST_ASSIGN_OR_RETURN(const FeedPlace home, FeedPlace::Find(arguments.client));
  std::vector<std::filesystem::path> files(arguments.files.begin(), arguments.files.end());
  Status first_failure = Ok();
  if (!arguments.name.empty()) {
    first_failure = ImportOne(home, arguments, files);
  } else {
    for (const auto& file : files) {
      const Status imported = ImportOne(home, arguments, {file});
      if (imported.ok()) continue;
      if (!first_failure.ok())
        std::fprintf(stderr, "driftcast: %s\n", Message(imported).c_str());
      else
        first_failure = imported;
    }
  }
  if (arguments.client.json) {
    DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson feeds, home.Feeds());
    PrintJson(feeds);
  }
  return first_failure;
}

Status Update(const FeedArguments& arguments) {
  DRIFTCAST_ASSIGN_OR_RETURN(const FeedPlace home, FeedPlace::Find(arguments.client));
  DRIFTCAST_RETURN_IF_ERROR(home.Update(arguments.name, arguments.config));
  DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson feeds, home.Feeds());
  arguments.client.json ? PrintJson(feeds) : PrintFeeds(feeds);
  return Ok();
}

Status RemoveFeed(const FeedArguments& arguments) {
  DRIFTCAST_ASSIGN_OR_RETURN(const FeedPlace home, FeedPlace::Find(arguments.client));
  return home.Remove(arguments.name);
}

}  // namespace

void AddFeedCommands(CLI::App& app) {
  CLI::App* feeds = app.add_subcommand(
      "feeds", "Outside knowledge: vulnerabilities, exploitation, lifecycles, indicators");
  feeds->require_subcommand(1);
  auto arguments = std::make_shared<FeedArguments>();

  CLI::App* import = feeds->add_subcommand(
      "import", "Read feeds from files (plain, .gz, .xz, .zst, .zip); works without an engine too");
  import->add_option("file", arguments->files, "Each is a feed of its own")->required();
  import->add_option("--name", arguments->name, "All files are one feed of this name");
  std::string formats;
  for (const auto format : intel::FeedFormats())
    formats += (formats.empty() ? "" : ", ") + std::string(format);
  import->add_option("--format", arguments->format,
                     "Instead of what the file looks like: " + formats);
  AddClientOptions(*import, arguments->client);
  OnRun(*import, [arguments] { return Import(*arguments); });

  CLI::App* status =
      feeds->add_subcommand("status", "What is known, how old it is, and what went wrong");
  AddClientOptions(*status, arguments->client);
  OnRun(*status, [arguments] { return ShowStatus(*arguments); });

  CLI::App* update = feeds->add_subcommand(
      "update", "Ask the configured feeds now: the running engine's, or here while none runs");
  update->add_option("feed", arguments->name, "One of them; default: all");
  update->add_option("--config", arguments->config,
                     "Without an engine: the file that names them (default: DATA/feeds.toml)");
  AddClientOptions(*update, arguments->client);
  OnRun(*update, [arguments] { return Update(*arguments); });

  CLI::App* remove = feeds->add_subcommand("remove", "Forget a feed and what it said");
  remove->add_option("feed", arguments->name, "Its name")->required();
  AddClientOptions(*remove, arguments->client);
  OnRun(*remove, [arguments] { return RemoveFeed(*arguments); });
}

}  // namespace driftcast
