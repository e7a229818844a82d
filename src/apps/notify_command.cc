// driftcast notify test: one alert through every channel of a file, without an engine.
#include <cstdio>

#include <CLI/CLI.hpp>

#include "apps/cli.h"
#include "base/file.h"
#include "notify/notify_file.h"

namespace driftcast {
namespace {

Status Test(const std::string& file, const std::string& page) {
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string text, ReadFile(file, 1 << 20));
  auto channels = ParseNotifyFile(text, page);
  if (!channels.ok()) return Annotate(channels.status(), file);
  size_t failed = 0;
  const OutboxEffect alert = TestAlert(SystemClock()->Now());
  for (const auto& channel : *channels) {
    const Status status = channel->Deliver({&alert, 1});
    failed += status.ok() ? 0 : 1;
    std::printf("%s: %s\n", channel->name().c_str(),
                status.ok() ? "delivered" : Message(status).c_str());
  }
  if (failed > 0) return Unavailable("{} of {} channels did not take it", failed, channels->size());
  return Ok();
}

}  // namespace

void AddNotifyCommands(CLI::App& app) {
  CLI::App* notify = app.add_subcommand("notify", "Where alerts go");
  notify->require_subcommand(1);
  CLI::App* test = notify->add_subcommand("test", "Send one alert through every channel of a file");
  test->footer("Example:\n  driftcast notify test notify.toml");
  struct Arguments {
    std::string file, page;
  };
  auto arguments = std::make_shared<Arguments>();
  test->add_option("file", arguments->file, "The channels (TOML)")->required();
  test->add_option("--page", arguments->page, "Address of the page, for the links");
  OnRun(*test, [arguments] { return Test(arguments->file, arguments->page); });
}

}  // namespace driftcast
