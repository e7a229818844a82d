// Facts about feeds, and the matching of packages with them.
#include "engine/shard_intel.h"

#include <algorithm>
#include <tuple>

#include "base/bytes.h"
#include "engine/shard_state.h"
#include "intel/ecosystem.h"
#include "store/blob.h"
#include "wire/fact.h"

namespace driftcast {
namespace {

constexpr size_t kNamesInText = 5;
constexpr size_t kResourcesNamed = 500;  // by one activity

// How long the sources of a format may be silent, where the site does not say: EPSS is daily, the
// catalogue and the distributions move several times a week.
Duration StaleAfter(const FeedPublished& feed) {
  if (feed.stale_after > Duration(0)) return feed.stale_after;
  if (feed.format == "epss") return kDay * 3;
  if (feed.format == "eol" || feed.format == "warninglist") return kDay * 90;
  return kDay * 7;
}

bool IsFeedName(std::string_view name) {
  const auto ok = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
  };
  return !name.empty() && name.size() <= 64 && std::all_of(name.begin(), name.end(), ok);
}

bool Before(const Holder& a, const Holder& b) {
  return std::tie(*a.stack, *a.slot) < std::tie(*b.stack, *b.slot);
}

std::string TextOf(const ResourceState& state, std::string_view path) {
  for (const KeyValue& key : state.context)
    if (key.path == path) return key.value.text;
  for (const KeyState& key : state.keys)
    if (key.path == path && key.observed) return key.observed->text;
  return {};
}

// The holding that the package belongs to; empty when nothing is installed.
std::string HoldingKey(const std::string& ecosystem, const std::string& name,
                       const ResourceState& state) {
  const std::string version = TextOf(state, "version"), status = TextOf(state, "status");
  if (ecosystem.empty() || !state.exists || version.empty()) return {};
  if (status == "config-files" || status == "not-installed") return {};
  const auto source =
      intel::SourceOf(name, version, TextOf(state, "source"), TextOf(state, "source_version"));
  return intel::PackageName(ecosystem, source.name) + '\t' + source.version;
}

struct HoldingName {
  std::string_view ecosystem, package, version;
};

HoldingName NameOf(std::string_view key) {
  const size_t first = key.find('\t'), second = key.find('\t', first + 1);
  return {key.substr(0, first), key.substr(first + 1, second - first - 1), key.substr(second + 1)};
}

void Match(const ShardState& shard, const std::string& key, Holding& holding) {
  const HoldingName name = NameOf(key);
  holding.open =
      shard.intel.knowledge.OpenOn(name.ecosystem, name.package, name.version, shard.numbers.now);
  holding.weight = 0;
  for (const auto& open : holding.open) holding.weight = std::max(holding.weight, open.weight);
}

// What of `now` was not in `before`, worst first.
std::vector<const intel::OpenVulnerability*> NewIn(
    const std::vector<intel::OpenVulnerability>& now,
    const std::vector<intel::OpenVulnerability>& before) {
  std::vector<const intel::OpenVulnerability*> fresh;
  for (const auto& open : now)
    if (std::none_of(before.begin(), before.end(), [&](const auto& b) { return b.id == open.id; }))
      fresh.push_back(&open);
  std::stable_sort(fresh.begin(), fresh.end(),
                   [](const auto* a, const auto* b) { return a->weight > b->weight; });
  return fresh;
}

// What a feed's new content says anew about a stack.
struct StackNews {
  std::vector<std::string> resources;                              // "package/openssl"
  std::map<std::string, std::pair<double, std::string>> packages;  // source: weight, worst id
};

// Told on the stack's timeline: which packages have vulnerabilities that were not known before.
void Tell(ShardState& shard, const std::string& feed, const std::string& stack_id,
          const StackNews& news) {
  std::vector<std::pair<double, std::string>> worst;
  for (const auto& [package, what] : news.packages)
    worst.emplace_back(-what.first, package + " (" + what.second + ")");
  std::sort(worst.begin(), worst.end());
  ActivityReported activity;
  activity.kind = "exposure";
  activity.id = feed + "@" + std::to_string(shard.numbers.fact_number);
  activity.actor = feed;
  activity.text = fmt::format("newly known vulnerabilities in {} packages: ", worst.size());
  for (size_t i = 0; i < worst.size() && i < kNamesInText; ++i)
    activity.text += (i > 0 ? ", " : "") + worst[i].second;
  if (worst.size() > kNamesInText) activity.text += ", ...";
  activity.started_at = activity.ended_at = shard.numbers.now;
  activity.resources = news.resources;
  if (activity.resources.size() > kResourcesNamed) activity.resources.resize(kResourcesNamed);
  AddActivity(shard, StackId(stack_id), std::move(activity));
}

// Collects what a rematch found, stack by stack.
using News = std::map<std::string, StackNews>;

void MatchAgain(ShardState& shard, HoldingEntry& entry, News& news) {
  auto& [key, holding] = entry;
  const auto before = std::move(holding.open);
  Match(shard, key, holding);
  if (holding.open == before) return;
  const auto fresh = NewIn(holding.open, before);
  const std::string package(NameOf(key).package);
  for (const Holder& holder : holding.holders) {
    StackNews& stack = news[*holder.stack];
    Stack& held = shard.stacks.at(*holder.stack);
    RateSlot(held.slots.at(*holder.slot));
    if (fresh.empty()) continue;
    const ResourceId id = IdFromSlotKey(StackId(*holder.stack), *holder.slot);
    stack.resources.push_back(id.kind + "/" + id.name);
    stack.packages[package] = {fresh[0]->weight, fresh[0]->id};
  }
}

void Rematch(ShardState& shard, const std::string& feed, const intel::KnowledgeChange& change) {
  News news;
  if (change.ratings || change.lifecycles) {
    for (auto& entry : shard.intel.holdings)
      if (change.lifecycles || !entry.second.open.empty()) MatchAgain(shard, entry, news);
  }
  for (const std::string& name : change.packages) {
    const std::string prefix = name + '\t';
    for (auto entry = shard.intel.holdings.lower_bound(prefix);
         entry != shard.intel.holdings.end() && entry->first.starts_with(prefix); ++entry)
      MatchAgain(shard, *entry, news);
  }
  if (change.indicators) SightAgain(shard);
  for (const auto& [stack_id, stack_news] : news) {
    if (!stack_news.packages.empty()) Tell(shard, feed, stack_id, stack_news);
    Emit(shard, LiveEvent::Kind::kStack, StackId(stack_id), stack_id, "exposures changed");
  }
}

StatusOr<std::string> ContentOf(const ShardState& shard, const std::string& digest) {
  if (shard.blobs == nullptr) return NotFound("there is no store of feeds");
  return ReadBlob(*shard.blobs, digest);
}

void DropBlob(ShardState& shard, const std::string& digest) {
  for (const auto& [name, feed] : shard.intel.feeds)
    if (feed.content.digest == digest) return;
  if (!digest.empty()) shard.pending.blobs_dropped.insert(digest);
}

void TakeContent(ShardState& shard, const FeedPublished& body, FeedStatus& feed) {
  const std::string old = feed.content.digest;
  const auto content = ContentOf(shard, body.digest);
  DRIFTCAST_CHECK(content.ok(), "{}", Message(content.status()));  // CheckFeed has read it
  const auto change = shard.intel.knowledge.Put(body.feed, *content);
  DRIFTCAST_CHECK(change.ok(), "{}", Message(change.status()));
  feed.content = body;
  shard.pending.blobs_dropped.erase(body.digest);
  if (old != body.digest) DropBlob(shard, old);
  Audit(shard, Principal("engine"), "feed.published", body.feed,
        fmt::format("{} records from {}, {}", body.records, body.source, body.digest));
  Rematch(shard, body.feed, *change);
}

}  // namespace

Status CheckFeed(const ShardState& shard, const FeedPublished& body) {
  if (!IsFeedName(body.feed))
    return InvalidArgument("'{}' is no name of a feed: use a-z, 0-9, '-', '_' and '.'", body.feed);
  if (body.removed || body.digest.empty()) return Ok();
  DRIFTCAST_ASSIGN_OR_RETURN(const std::string content, ContentOf(shard, body.digest));
  const auto decoded = intel::DecodeContent(content);
  return decoded.ok() ? Ok() : InvalidArgument("{}", Message(decoded.status()));
}

void ApplyFeed(ShardState& shard, const Fact&, const FeedPublished& body) {
  shard.pending.feeds.insert(body.feed);
  if (body.removed) {
    const auto found = shard.intel.feeds.find(body.feed);
    if (found == shard.intel.feeds.end()) return;
    const std::string digest = found->second.content.digest;
    shard.intel.feeds.erase(found);
    DropBlob(shard, digest);
    Audit(shard, Principal("engine"), "feed.removed", body.feed, "");
    Rematch(shard, body.feed, shard.intel.knowledge.Remove(body.feed));
    return;
  }
  FeedStatus& feed = shard.intel.feeds[body.feed];
  feed.attempted_at = body.fetched_at;
  feed.error = body.error;
  feed.stale_after = StaleAfter(body);
  if (feed.content.feed.empty()) {
    feed.content.feed = body.feed;
    feed.content.format = body.format;
    feed.content.source = body.source;
  }
  if (!body.digest.empty())
    TakeContent(shard, body, feed);
  else if (body.error.empty())
    feed.content.fetched_at = body.fetched_at;
}

std::string Encode(const FeedStatus& feed) {
  Fact fact;
  fact.body = feed.content;
  ByteWriter out;
  out.Text(EncodeFact(fact));
  out.Time(feed.attempted_at);
  out.Text(feed.error);
  out.Signed(feed.stale_after.count());
  return out.Take();
}

StatusOr<FeedStatus> DecodeFeedStatus(std::string_view bytes) {
  ByteReader in(bytes);
  DRIFTCAST_ASSIGN_OR_RETURN(Fact fact, DecodeFact(in.View()));
  auto* content = std::get_if<FeedPublished>(&fact.body);
  FeedStatus feed;
  feed.attempted_at = in.Time();
  feed.error = in.Text();
  feed.stale_after = Duration(in.Signed());
  if (content == nullptr || !in.done()) return DataLoss("a feed's record cannot be read");
  feed.content = std::move(*content);
  return feed;
}

Status LoadFeeds(ShardState& shard, const Store& store) {
  Status result = Ok();
  const std::string prefix = FeedKey("");
  DRIFTCAST_RETURN_IF_ERROR(store.Scan(
      Table::kState, prefix, PrefixEnd(prefix), [&](std::string_view key, std::string_view bytes) {
        auto feed = DecodeFeedStatus(bytes);
        result = feed.status();
        if (result.ok())
          shard.intel.feeds[std::string(key.substr(prefix.size()))] = *std::move(feed);
        return result.ok();
      }));
  DRIFTCAST_RETURN_IF_ERROR(result);
  for (auto& [name, feed] : shard.intel.feeds) {
    if (feed.content.digest.empty()) continue;
    const auto content = ContentOf(shard, feed.content.digest);
    const auto put =
        content.ok() ? shard.intel.knowledge.Put(name, *content).status() : content.status();
    if (put.ok()) continue;
    feed.error = "its content is damaged and not in use; read it again: " + Message(put);
    feed.content.digest.clear();
  }
  return Ok();
}

void AddActivity(ShardState& shard, const StackId& stack, ActivityReported activity) {
  auto& kept = StackFor(shard, stack).record.activities;
  kept.push_back(std::move(activity));
  if (kept.size() > StackRecord::kActivitiesKept) kept.pop_front();
}

std::string FeedKey(const std::string& feed) { return "n/" + feed; }

void HoldPackage(ShardState& shard, const std::string& stack_key, const std::string& slot_key,
                 const ResourceState& state, Slot& slot) {
  constexpr std::string_view kPackage("package\0", 8);
  if (!slot_key.starts_with(kPackage)) return;
  const std::string key =
      HoldingKey(shard.stacks.at(stack_key).ecosystem, slot_key.substr(kPackage.size()), state);
  if (slot.holding != nullptr && slot.holding->first == key) return;
  ReleasePackage(shard, stack_key, slot_key, slot);
  if (key.empty()) return;
  const auto [entry, is_new] = shard.intel.holdings.try_emplace(key);
  if (is_new) Match(shard, key, entry->second);
  auto& holders = entry->second.holders;
  const Holder holder{&stack_key, &slot_key};
  holders.insert(std::lower_bound(holders.begin(), holders.end(), holder, Before), holder);
  slot.holding = &*entry;
}

void ReleasePackage(ShardState& shard, const std::string& stack_key, const std::string& slot_key,
                    Slot& slot) {
  if (slot.holding == nullptr) return;
  const auto entry = shard.intel.holdings.find(slot.holding->first);
  auto& holders = entry->second.holders;
  const Holder holder{&stack_key, &slot_key};
  holders.erase(std::lower_bound(holders.begin(), holders.end(), holder, Before));
  if (holders.empty()) shard.intel.holdings.erase(entry);
  slot.holding = nullptr;
}

void HoldAgain(ShardState& shard, const std::string& stack_key, Stack& stack) {
  std::string ecosystem = intel::EcosystemOf(stack.record.labels);
  if (ecosystem == stack.ecosystem) return;
  stack.ecosystem = std::move(ecosystem);
  for (auto& [slot_key, slot] : stack.slots) {
    HoldPackage(shard, stack_key, slot_key, DecodeSlot(slot), slot);
    RateSlot(slot);
  }
}

}  // namespace driftcast
