#include "ingest/history_builder.h"

#include <algorithm>

#include "ingest/move_match.h"

namespace driftcast::ingest {
namespace {

constexpr uint32_t kNoResource = UINT32_MAX;

std::string ClassKey(const ConfigDocument& d) { return d.kind + '\t' + d.base; }
std::string ClaimKey(const ConfigDocument& d) {
  return ClassKey(d) + '\t' + std::to_string(d.number);
}

}  // namespace

struct HistoryBuilder::Document {
  ConfigDocument config;  // its root is labelled
  std::string path;
  uint32_t resource = kNoResource;
};

struct HistoryBuilder::Resource {
  enum class State : unsigned char { kKept, kPending, kDropped };
  std::string kind;
  std::string base;   // at birth
  std::string place;  // what follows '@' if the base turns out to be shared
  int number = 1;
  int generation = 1;  // 2: "~2"
  State state = State::kKept;

  std::string Key() const { return kind + '\t' + base + '\t' + std::to_string(number); }
};

// Who defines an id now.
struct HistoryBuilder::Claim {
  Document* owner = nullptr;      // null only while others remain
  std::vector<Document*> others;  // oldest first; pending, or promoted
};

HistoryBuilder::HistoryBuilder(std::function<Status(const HistoryChange&)> sink)
    : sink_(std::move(sink)) {}
HistoryBuilder::~HistoryBuilder() = default;

Status HistoryBuilder::Apply(const ChangeAuthor& author, std::vector<FileVersion> files) {
  PromotePending(author.at_seconds);
  DRIFTCAST_RETURN_IF_ERROR(Flush());
  waiting_.emplace_back();
  waiting_.back().author = author;
  Documents vanished, appeared;
  for (FileVersion& file : files) PairWithinFile(std::move(file), &vanished, &appeared);
  MatchMoves(&vanished, &appeared);
  for (const DocumentPtr& document : vanished) Vanish(*document);
  for (DocumentPtr& document : appeared) Appear(std::move(document));
  if (waiting_.back().rows.empty()) waiting_.pop_back();
  return Flush();
}

Status HistoryBuilder::Finish() {
  // What is still pending is there: it is kept, under a name of its own.
  PromotePending(INT64_MAX);
  return Flush();
}

// Documents that go on in their file are continued; the others are returned.
void HistoryBuilder::PairWithinFile(FileVersion file, Documents* vanished, Documents* appeared) {
  Documents before;
  if (const auto found = files_.find(file.path); found != files_.end()) {
    before = std::move(found->second);
    files_.erase(found);
  }
  std::unordered_map<std::string, std::vector<size_t>> places;  // the first one last
  const auto index = [&](auto key_of) {
    places.clear();
    for (size_t i = before.size(); i-- > 0;)
      if (before[i] != nullptr) places[key_of(before[i]->config)].push_back(i);
  };
  const auto exact = [](const ConfigDocument& d) {
    return ClassKey(d) + '\t' + std::to_string(ContentHash(d.root));
  };
  // Several documents of one id in one file: equal content first, then the order.
  for (const auto& key_of : {std::function<std::string(const ConfigDocument&)>(exact),
                             std::function<std::string(const ConfigDocument&)>(ClassKey)}) {
    index(key_of);
    for (ConfigDocument& document : file.documents) {
      if (document.kind.empty()) continue;  // taken
      const auto found = places.find(key_of(document));
      if (found == places.end() || found->second.empty()) continue;
      auto after = std::make_unique<Document>();
      after->config = std::move(document);
      document.kind.clear();
      after->path = file.path;
      Continue(std::move(before[found->second.back()]), std::move(after));
      found->second.pop_back();
    }
  }
  for (DocumentPtr& document : before)
    if (document != nullptr) vanished->push_back(std::move(document));
  for (ConfigDocument& document : file.documents) {
    if (document.kind.empty()) continue;
    auto after = std::make_unique<Document>();
    after->config = std::move(document);
    after->path = file.path;
    appeared->push_back(std::move(after));
  }
}

void HistoryBuilder::MatchMoves(Documents* vanished, Documents* appeared) {
  if (vanished->empty() || appeared->empty()) return;
  std::vector<MoveCandidate> from, to;
  for (const DocumentPtr& d : *vanished) from.push_back({&d->config, d->path});
  for (const DocumentPtr& d : *appeared) to.push_back({&d->config, d->path});
  for (const auto& [old, now] : FindMoves(from, to))
    Continue(std::move((*vanished)[old]), std::move((*appeared)[now]));
  std::erase(*vanished, nullptr);
  std::erase(*appeared, nullptr);
}

void HistoryBuilder::Continue(DocumentPtr before, DocumentPtr after) {
  AssignLabels(&before->config.root, &after->config.root);
  after->resource = before->resource;
  EmitDiff(*before, *after);
  // The claim on the id goes over, or to another id.
  const std::string old_key = ClaimKey(before->config);
  const std::string new_key = ClaimKey(after->config);
  Claim& old_claim = claims_[old_key];
  Document* const now = after.get();
  if (old_key == new_key) {
    if (old_claim.owner == before.get()) old_claim.owner = now;
    std::replace(old_claim.others.begin(), old_claim.others.end(), before.get(), now);
  } else {
    Release(*before);
    Claim& claim = claims_[new_key];
    if (claim.owner == nullptr)
      claim.owner = now;
    else
      claim.others.push_back(now);
  }
  Place(std::move(after));
}

// Removes a document from the claim on its id; the oldest other one becomes the owner.
void HistoryBuilder::Release(const Document& document) {
  const auto found = claims_.find(ClaimKey(document.config));
  if (found == claims_.end()) return;
  Claim& claim = found->second;
  if (claim.owner == &document) claim.owner = nullptr;
  std::erase(claim.others, &document);
  if (claim.owner == nullptr && !claim.others.empty()) {
    claim.owner = claim.others.front();
    claim.others.erase(claim.others.begin());
  }
  if (claim.owner == nullptr) claims_.erase(found);
}

void HistoryBuilder::Vanish(const Document& document) {
  Claim& claim = claims_[ClaimKey(document.config)];
  const bool owned = claim.owner == &document;
  Release(document);
  if (resources_[document.resource].state == Resource::State::kPending)
    return EndResource(document.resource, true);
  const auto found = claims_.find(ClaimKey(document.config));
  if (owned && found != claims_.end()) {
    Document* successor = found->second.owner;
    if (resources_[successor->resource].state == Resource::State::kPending)
      return TakeOver(successor, document);
  }
  EmitDelete(document);
}

void HistoryBuilder::TakeOver(Document* successor, const Document& predecessor) {
  EndResource(successor->resource, true);
  successor->resource = predecessor.resource;
  AssignLabels(&predecessor.config.root, &successor->config.root);
  EmitDiff(predecessor, *successor);
}

void HistoryBuilder::Appear(DocumentPtr document) {
  AssignLabels(nullptr, &document->config.root);
  Claim& claim = claims_[ClaimKey(document->config)];
  const bool shared = shared_.contains(ClassKey(document->config));
  document->resource = NewResource(*document, claim.owner != nullptr && !shared);
  if (claim.owner == nullptr)
    claim.owner = document.get();
  else
    claim.others.push_back(document.get());
  EmitCreate(*document);
  Place(std::move(document));
}

void HistoryBuilder::Place(DocumentPtr document) {
  files_[document->path].push_back(std::move(document));
}

uint32_t HistoryBuilder::NewResource(const Document& document, bool pending) {
  const ConfigDocument& config = document.config;
  Resource resource;
  resource.kind = config.kind;
  resource.base = config.base;
  resource.number = config.number;
  const bool terraform = config.kind.starts_with("tf:");
  resource.place = std::string(terraform ? document.path : FolderOf(document.path));
  const auto found = claims_.find(ClaimKey(config));
  const Claim* claim = found == claims_.end() ? nullptr : &found->second;
  if (claim != nullptr && claim->owner != nullptr) {
    const auto same_place = [&](const Document* other) {
      return resources_[other->resource].place == resource.place;
    };
    if (same_place(claim->owner) ||
        std::any_of(claim->others.begin(), claim->others.end(), same_place))
      resource.place = document.path;
  }
  const bool has_place = pending || shared_.contains(ClassKey(config));
  resource.generation = FreeGeneration(resource, has_place);
  resource.state = pending ? Resource::State::kPending : Resource::State::kKept;
  const auto number = static_cast<uint32_t>(resources_.size());
  if (pending) pending_.emplace_back(waiting_.back().author.at_seconds, number);
  live_[resource.Key()].push_back(number);
  resources_.push_back(std::move(resource));
  return number;
}

// The smallest generation that no live resource born with this id has: its first owner may have
// moved on, and be live under another id.
int HistoryBuilder::FreeGeneration(const Resource& resource, bool same_place_only) const {
  const auto found = live_.find(resource.Key());
  if (found == live_.end()) return 1;
  for (int generation = 1;; ++generation) {
    const auto has_it = [&](uint32_t number) {
      const Resource& other = resources_[number];
      return other.generation == generation && (!same_place_only || other.place == resource.place);
    };
    if (std::none_of(found->second.begin(), found->second.end(), has_it)) return generation;
  }
}

void HistoryBuilder::EndResource(uint32_t number, bool drop) {
  Resource& resource = resources_[number];
  if (drop) resource.state = Resource::State::kDropped;
  const auto found = live_.find(resource.Key());
  if (found == live_.end()) return;
  std::erase(found->second, number);
  if (found->second.empty()) live_.erase(found);
}

void HistoryBuilder::EmitCreate(const Document& document) {
  std::vector<Leaf> leaves = LeavesOf(document.config.root);
  auto& rows = waiting_.back().rows;
  rows.push_back({document.resource, ChangeOp::kCreate, "", "", std::to_string(leaves.size())});
  for (Leaf& leaf : leaves)
    rows.push_back(
        {document.resource, ChangeOp::kInitial, std::move(leaf.path), "", std::move(leaf.value)});
}

void HistoryBuilder::EmitDelete(const Document& document) {
  const size_t leaves = LeavesOf(document.config.root).size();
  waiting_.back().rows.push_back(
      {document.resource, ChangeOp::kDelete, "", std::to_string(leaves), ""});
  EndResource(document.resource, false);
}

void HistoryBuilder::EmitDiff(const Document& before, const Document& after) {
  auto& rows = waiting_.back().rows;
  for (LeafChange& change : DiffLeaves(LeavesOf(before.config.root), LeavesOf(after.config.root)))
    rows.push_back({after.resource, change.op, std::move(change.path), std::move(change.old_value),
                    std::move(change.new_value)});
}

// After ten days a second owner is a resource of its own.
void HistoryBuilder::PromotePending(int64_t now) {
  while (!pending_.empty()) {
    const auto [since, number] = pending_.front();
    Resource& resource = resources_[number];
    if (resource.state == Resource::State::kPending) {
      if (now - kSecondOwnerSeconds < since) return;
      resource.state = Resource::State::kKept;
      shared_.insert(resource.kind + '\t' + resource.base);
    }
    pending_.pop_front();
  }
}

Status HistoryBuilder::Flush() {
  while (!waiting_.empty()) {
    while (!pending_.empty() &&
           resources_[pending_.front().second].state != Resource::State::kPending)
      pending_.pop_front();
    if (!pending_.empty() && waiting_.front().author.at_seconds >= pending_.front().first)
      return Ok();
    HistoryChange change = std::move(waiting_.front());
    waiting_.pop_front();
    DRIFTCAST_RETURN_IF_ERROR(FlushChange(std::move(change)));
  }
  return Ok();
}

Status HistoryBuilder::FlushChange(HistoryChange change) {
  std::erase_if(change.rows, [&](const HistoryRow& row) {
    return resources_[row.resource].state == Resource::State::kDropped;
  });
  if (change.rows.empty()) return Ok();
  // Resources in the order of their first appearance, whatever the order of their files.
  std::stable_sort(change.rows.begin(), change.rows.end(),
                   [](const auto& a, const auto& b) { return a.resource < b.resource; });
  std::unordered_set<uint32_t> touched;
  size_t events = 0;
  for (const HistoryRow& row : change.rows) {
    touched.insert(row.resource);
    events += row.op != ChangeOp::kInitial;
  }
  change.change_id = ++changes_;
  change.mass = touched.size() > kMassResources || events > kMassEvents;
  return sink_(change);
}

std::string HistoryBuilder::ResourceName(uint32_t number) const {
  const Resource& resource = resources_[number];
  std::string name = resource.base;
  if (shared_.contains(resource.kind + '\t' + resource.base)) name += "@" + resource.place;
  if (resource.number > 1) name += "#" + std::to_string(resource.number);
  if (resource.generation > 1) name += "~" + std::to_string(resource.generation);
  return name;
}

const std::string& HistoryBuilder::ResourceKind(uint32_t number) const {
  return resources_[number].kind;
}

size_t HistoryBuilder::live_resources() const {
  size_t live = 0;
  for (const auto& [path, documents] : files_) live += documents.size();
  return live;
}

}  // namespace driftcast::ingest
