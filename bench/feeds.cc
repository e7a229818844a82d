// Reading feeds, beside merely unpacking and tokenising the same bytes; and matching a fleet's
// packages after a feed has moved.
//
//   feeds load FILE...                                 one line a file: format, MB/s, peak memory
//   feeds match [--hosts 1000] [--packages 2000]       seconds for each step
//
// Every reading is a process of its own, so that its peak memory is its own.
#include <archive.h>
#include <archive_entry.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <string>
#include <vector>

#include "engine/shard.h"
#include "engine/shard_view.h"
#include "ingest/feed_file.h"
#include "intel/json_records.h"
#include "intel/json_value.h"
#include "intel/knowledge.h"
#include "store/blob.h"
#include "store/memory_store.h"

namespace driftcast {
namespace {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

struct Cost {
  double seconds = 0, mebibytes = 0;
  uint64_t bytes = 0, records = 0;
  char format[32] = "";
};

// What `work` costs in a process that does nothing else.
Cost Measure(const std::function<void(Cost&)>& work) {
  int ends[2];
  if (pipe(ends) != 0) std::exit(1);
  std::fflush(nullptr);  // or the child would print it as well
  const pid_t child = fork();
  if (child == 0) {
    Cost cost;
    const auto start = Clock::now();
    work(cost);
    cost.seconds = SecondsSince(start);
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    cost.mebibytes = static_cast<double>(usage.ru_maxrss) / 1024;
    const bool told = write(ends[1], &cost, sizeof cost) == sizeof cost;
    _exit(told ? 0 : 1);
  }
  close(ends[1]);
  Cost cost;
  if (read(ends[0], &cost, sizeof cost) != sizeof cost) std::exit(1);
  close(ends[0]);
  waitpid(child, nullptr, 0);
  return cost;
}

// Unpacks, and lets simdjson (or a search for line ends, of what is no JSON) see every byte.
void Tokenise(const std::string& file, Cost& cost) {
  archive* from = archive_read_new();
  archive_read_support_filter_all(from);
  archive_read_support_format_raw(from);
  archive_entry* entry = nullptr;
  if (archive_read_open_filename(from, file.c_str(), 256 << 10) != ARCHIVE_OK ||
      archive_read_next_header(from, &entry) != ARCHIVE_OK)
    std::exit(1);
  intel::JsonParser parser;
  const auto parse = [&](std::string_view text, uint64_t) {
    cost.records += parser.Parse(text).has_value();
  };
  // The depth at which records stand, by the first bytes.
  std::vector<char> buffer(256 << 10);
  std::unique_ptr<intel::JsonRecords> records;
  bool lines = false;
  for (;;) {
    const la_ssize_t size = archive_read_data(from, buffer.data(), buffer.size());
    if (size <= 0) break;
    const std::string_view bytes(buffer.data(), static_cast<size_t>(size));
    if (cost.bytes == 0) {
      const auto format = intel::DetectFeedFormat(bytes);
      lines = bytes[0] != '{';
      const int levels = format == "osv" ? 0 : format == "eol" ? 1 : 2;
      records = std::make_unique<intel::JsonRecords>(levels, 8 << 20, parse, [](uint64_t) {});
    }
    cost.bytes += bytes.size();
    if (lines)
      cost.records += static_cast<uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
    else
      records->Feed(bytes);
  }
  archive_read_free(from);
}

void Load(const std::vector<std::string>& files) {
  std::printf("%-34s %-15s %9s %8s %12s %12s %10s %10s\n", "file", "format", "records", "MB",
              "read MB/s", "tokens MB/s", "read MiB", "tokens MiB");
  for (const std::string& file : files) {
    const Cost read = Measure([&](Cost& cost) {
      const auto feed = ReadFeedFiles({file}, "");
      if (!feed.ok()) {
        std::fprintf(stderr, "%s\n", Message(feed.status()).c_str());
        std::exit(1);
      }
      cost.bytes = feed->bytes;
      cost.records = feed->feed.records;
      std::snprintf(cost.format, sizeof cost.format, "%s", feed->format.c_str());
    });
    const Cost tokens = Measure([&](Cost& cost) { Tokenise(file, cost); });
    const double megabytes = static_cast<double>(read.bytes) / 1e6;
    std::printf("%-34s %-15s %9llu %8.1f %12.1f %12.1f %10.1f %10.1f\n",
                file.substr(file.rfind('/') + 1).c_str(), read.format,
                static_cast<unsigned long long>(read.records), megabytes, megabytes / read.seconds,
                megabytes / tokens.seconds, read.mebibytes, tokens.mebibytes);
  }
}

constexpr Instant kStart = FromUnixSeconds(1'780'000'000);

// One in eight packages has an advisory; `fixed_of_last` is what the last of them is fixed in.
std::string Advisories(int packages, const std::string& fixed_of_last) {
  intel::AdvisorySetBuilder builder;
  for (int n = 0; n < packages; n += 8) {
    intel::Advisory advisory;
    advisory.id = fmt::format("DSA-{}-1", n);
    advisory.cves = {{2026, static_cast<uint32_t>(1000 + n)}};
    advisory.published = kStart;
    const bool last = n + 8 >= packages;
    advisory.affected = {{"Debian:12",
                          fmt::format("package-name-{}", n),
                          {{"0", last ? fixed_of_last : "1.0-2", ""}},
                          {},
                          ""}};
    builder.Add(advisory);
  }
  return intel::EncodeAdvisories(builder.Finish());
}

std::string Scores(int packages, float probability) {
  std::vector<intel::EpssScores::Row> rows;
  for (int n = 0; n < packages; ++n)
    rows.push_back({{2026, static_cast<uint32_t>(1000 + n)}, {probability, 0.5f}});
  return intel::EncodeContent(intel::EpssScores(std::move(rows), kStart, "v1"));
}

class Fleet {
 public:
  Fleet() : shard_(*Shard::Restore(store_, {})) {}

  void Apply(FactBody body, const std::string& stack) {
    Fact fact;
    fact.at = kStart;
    fact.stack = StackId(stack);
    fact.body = std::move(body);
    if (!shard_->Check({&fact, 1}).ok()) std::exit(1);
    shard_->Apply(fact);
  }
  void Enrol(int host, int packages) {
    const std::string stack = fmt::format("host-{:04}", host);
    StackEnrolled enrolled;
    enrolled.role = RoleName("web");
    enrolled.labels = {{"os_id", "debian"}, {"os_version", "12"}};
    Apply(enrolled, stack);
    for (int n = 0; n < packages; ++n) {
      ResourceObserved seen;
      seen.resource = {StackId(stack), "package", fmt::format("package-name-{}", n)};
      // Hosts are at one of three states of patching.
      seen.keys = {{"status", Value::Text("installed")},
                   {"version", Value::Text(fmt::format("1.0-{}", 1 + (host + n) % 3))}};
      seen.means = Means::kSnapshot;
      Apply(std::move(seen), stack);
    }
    Forget();
  }
  // Seconds from the fact to the last severity; `matched` = rows of the fleet's list then.
  double Publish(const std::string& feed, const std::string& content, uint64_t& matched) {
    FeedPublished body;
    body.feed = feed;
    body.digest = *PutBlob(store_, content);
    const auto start = Clock::now();
    Apply(body, "");
    const double seconds = SecondsSince(start);
    Forget();
    matched = ShardView(shard_->state(), store_, shown_).Exposures({}).total;
    return seconds;
  }

 private:
  // What would be written: not part of what is measured here.
  void Forget() {
    WriteBatch writes;
    std::vector<LiveEvent> events;
    shard_->Collect(writes, events);
  }
  MemoryStore store_;
  ShownPlans shown_;
  std::unique_ptr<Shard> shard_;
};

void Match(int hosts, int packages) {
  Fleet fleet;
  auto start = Clock::now();
  for (int host = 0; host < hosts; ++host) fleet.Enrol(host, packages);
  std::printf("%-52s %10.3f s\n", "enrolling, for comparison", SecondsSince(start));
  const auto step = [&](const char* name, const char* feed, const std::string& content) {
    uint64_t rows = 0;
    const double seconds = fleet.Publish(feed, content, rows);
    std::printf("%-52s %10.3f s   (%llu exposures listed)\n", name, seconds,
                static_cast<unsigned long long>(rows));
    std::fflush(stdout);
  };
  step("the first feed: every package is matched", "debian", Advisories(packages, "1.0-2"));
  step("its next edition: one package has moved", "debian", Advisories(packages, "1.0-3"));
  step("the same edition again", "debian", Advisories(packages, "1.0-3"));
  step("EPSS for the first time: every open one is rated", "epss", Scores(packages, 0.1f));
  step("EPSS of the next day: every open one is rated anew", "epss", Scores(packages, 0.2f));
}

int Run(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "";
  if (mode == "load" && argc > 2) {
    Load({argv + 2, argv + argc});
    return 0;
  }
  if (mode != "match") {
    std::fprintf(stderr, "usage: feeds load FILE... | feeds match [--hosts N] [--packages N]\n");
    return 2;
  }
  int hosts = 1000, packages = 2000;
  for (int i = 2; i + 1 < argc; i += 2) {
    if (std::string(argv[i]) == "--hosts") hosts = std::atoi(argv[i + 1]);
    if (std::string(argv[i]) == "--packages") packages = std::atoi(argv[i + 1]);
  }
  Match(hosts, packages);
  return 0;
}

}  // namespace
}  // namespace driftcast

int main(int argc, char** argv) { return driftcast::Run(argc, argv); }
