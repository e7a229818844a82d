// driftcast audit: who decided what; its hash chain; the log for other systems.
#include <cstdio>
#include <memory>

#include <CLI/CLI.hpp>

#include "apps/audit_export.h"
#include "apps/cli.h"
#include "apps/client.h"
#include "apps/table.h"
#include "base/file.h"

namespace driftcast {
namespace {

constexpr int kPageRows = 1000;

struct AuditOptions {
  ClientOptions client;
  std::string subject, format = "jsonl", out;
  uint64_t from = 1;
  int limit = 50;
};

std::string Text(const ClientJson& json, const char* name) {
  return json.contains(name) && json[name].is_string() ? json[name].get<std::string>() : "";
}

Status List(const AuditOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  DRIFTCAST_ASSIGN_OR_RETURN(
      const ClientJson audit,
      client.Get("/api/v1/audit",
                 {{"subject", options.subject}, {"limit", std::to_string(options.limit)}}));
  if (options.client.json) return PrintJson(audit), Ok();
  TextTable table({"NO", "WHEN", "WHO", "WHAT", "ABOUT", "DETAIL"});
  table.AlignRight(0);
  for (const auto& entry : audit["rows"]) {
    table.Add({entry["number"].dump(), Text(entry, "at"), Shown(Text(entry, "by"), 24),
               Text(entry, "action"), Shown(Text(entry, "subject"), 48),
               Shown(Text(entry, "detail"), 80)});
  }
  std::fputs(table.size() == 0 ? "Nothing is recorded.\n" : table.Write().c_str(), stdout);
  return Ok();
}

Status Verify(const AuditOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  DRIFTCAST_ASSIGN_OR_RETURN(const ClientJson result, client.Get("/api/v1/audit/verify"));
  if (options.client.json) PrintJson(result);
  if (!result["ok"].get<bool>()) return DataLoss("{}", Text(result, "detail"));
  if (!options.client.json) {
    std::printf("the chain of %s entries is whole\n", result["entries"].dump().c_str());
  }
  return Ok();
}

// Entries from `from` on, the newest first.
StatusOr<std::vector<ClientJson>> ReadBackTo(const EngineClient& client, uint64_t from) {
  std::vector<ClientJson> entries;
  std::string before;
  for (;;) {
    DRIFTCAST_ASSIGN_OR_RETURN(
        const ClientJson page,
        client.Get("/api/v1/audit", {{"before", before}, {"limit", std::to_string(kPageRows)}}));
    for (const auto& entry : page["rows"]) {
      if (entry["number"].get<uint64_t>() < from) return entries;
      entries.push_back(entry);
    }
    if (page["rows"].size() < kPageRows) return entries;
    before = page["rows"].back()["number"].dump();
  }
}

Status Export(const AuditOptions& options) {
  DRIFTCAST_ASSIGN_OR_RETURN(const EngineClient client, EngineClient::Find(options.client));
  DRIFTCAST_ASSIGN_OR_RETURN(const auto entries, ReadBackTo(client, options.from));
  const auto format =
      options.format == "jsonl" ? AuditFormat::kJsonLines : AuditFormat::kCloudEvents;
  std::string text;
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry)
    text += AuditLine(*entry, format, client.url()) + "\n";
  if (options.out.empty()) {
    std::fputs(text.c_str(), stdout);
    return Ok();
  }
  DRIFTCAST_RETURN_IF_ERROR(WriteFileAtomically(options.out, text, 0600));
  const std::string last = entries.empty() ? "" : entries.front()["number"].dump();
  std::printf("%zu entries in %s%s\n", entries.size(), options.out.c_str(),
              last.empty() ? "" : fmt::format("; the newest is {}", last).c_str());
  return Ok();
}

}  // namespace

void AddAuditCommands(CLI::App& app) {
  auto options = std::make_shared<AuditOptions>();
  CLI::App* audit = app.add_subcommand("audit", "The audit log, newest first");
  audit->footer(
      "Examples:\n  driftcast audit --limit 20\n  driftcast audit verify\n"
      "  driftcast audit export --format cloudevents --from 1201 --out audit.jsonl");
  AddClientOptions(*audit, options->client);
  audit->add_option("--subject", options->subject, "Only about this plan, resource, ...");
  audit->add_option("--limit", options->limit, "At most so many entries")
      ->check(CLI::Range(1, kPageRows))
      ->capture_default_str();
  // Also asked when one of its own commands is meant.
  OnRun(*audit,
        [audit, options] { return audit->get_subcommands().empty() ? List(*options) : Ok(); });

  CLI::App* verify = audit->add_subcommand(
      "verify", "Check the hash chain from the first entry; fails when it is broken");
  verify->footer("Example:\n  driftcast audit verify");
  AddClientOptions(*verify, options->client);
  OnRun(*verify, [options] { return Verify(*options); });

  CLI::App* exported =
      audit->add_subcommand("export", "The whole log for other systems, oldest first, a line each");
  exported->footer(
      "Examples:\n  driftcast audit export > audit.jsonl\n"
      "  driftcast audit export --format cloudevents --from 1201 --out new.jsonl");
  AddClientOptions(*exported, options->client);
  exported->add_option("--format", options->format, "JSON Lines, or CloudEvents 1.0 (JSON)")
      ->check(CLI::IsMember({"jsonl", "cloudevents"}))
      ->capture_default_str();
  exported
      ->add_option("--from", options->from, "First entry's number: what came since the last one")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  exported->add_option("--out", options->out, "File, mode 0600 (default: standard output)");
  OnRun(*exported, [options] { return Export(*options); });
}

}  // namespace driftcast
