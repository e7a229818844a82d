#include "agent/set_aside.h"

#include "driftcast/v1/fact.pb.h"

#include <sys/stat.h>

#include <algorithm>
#include <vector>

#include "base/file.h"
#include "base/log.h"
#include "wire/fact.h"

namespace driftcast {
namespace {

constexpr size_t kTextBytesMax = 1 << 20;  // of a fact that is kept
constexpr size_t kReasonBytesMax = 512;

// What a fact is about, in words; empty when it cannot be read.
std::string SubjectOf(const v1::Fact& fact) {
  const v1::ResourceId* id = nullptr;
  if (fact.has_resource_observed()) id = &fact.resource_observed().resource();
  if (fact.has_resource_vanished()) id = &fact.resource_vanished().resource();
  if (id != nullptr) return id->kind() + "/" + id->name();
  if (fact.has_plan_progressed()) return "plan/" + fact.plan_progressed().plan();
  return "";
}

v1::Fact HeadOf(const v1::Fact& fact) {
  v1::Fact head;
  head.set_at_us(fact.at_us());
  head.set_stack(fact.stack());
  return head;
}

std::string NotCompared(const v1::Fact& fact, const std::string& reason) {
  v1::Fact out = HeadOf(fact);
  v1::ResourceObserved& observed = *out.mutable_resource_observed();
  *observed.mutable_resource() = fact.resource_observed().resource();
  observed.set_means(fact.resource_observed().means());
  observed.add_uncompared()->set_reason("the engine refused its last state: " + reason);
  return out.SerializeAsString();
}

std::string Activity(uint64_t sequence, const v1::Fact& fact, const std::string& reason) {
  v1::Fact out = HeadOf(fact);
  v1::ActivityReported& activity = *out.mutable_activity_reported();
  activity.set_kind("fact_refused");
  activity.set_id(std::to_string(sequence));
  activity.set_actor("driftcast-agent");
  activity.set_text("a fact of this host was refused by the engine and set aside: " + reason);
  activity.set_started_at_us(fact.at_us());
  activity.set_ended_at_us(fact.at_us());
  if (const std::string subject = SubjectOf(fact); !subject.empty())
    activity.add_resources(subject);
  return out.SerializeAsString();
}

bool IsObservation(const v1::Fact& fact) {
  return fact.has_resource_observed() &&
         ValidateResourceId({StackId("any"), fact.resource_observed().resource().kind(),
                             fact.resource_observed().resource().name()})
             .ok();
}

}  // namespace

SetAside::SetAside(std::filesystem::path folder, const Clock& clock)
    : folder_(std::move(folder)), clock_(clock) {}

void SetAside::Keep(uint64_t sequence, const std::string& fact, const std::string& reason) {
  const std::string cut = reason.substr(0, kReasonBytesMax);
  v1::Fact message;
  const bool readable = message.ParseFromString(fact);
  if (!readable) message.Clear();
  if (message.at_us() == 0) message.set_at_us(ToUnixMicros(clock_.Now()));
  const auto before = stand_ins_.find(sequence);
  if (before == stand_ins_.end()) {
    const std::string path = Write(sequence, fact, cut);
    ++count_;
    stand_ins_[sequence] = readable && IsObservation(message) ? NotCompared(message, cut)
                                                              : Activity(sequence, message, cut);
    Log("agent").error(
        "uplink.fact_refused sequence={} subject='{}' reason='{}' kept={} do='look at the file; "
        "an engine of another version is the usual cause: upgrade the older side, then restart "
        "this agent so that it reports everything anew'",
        sequence, SubjectOf(message), cut, path);
    return;
  }
  v1::Fact stand_in;
  const bool was_observation =
      stand_in.ParseFromString(before->second) && stand_in.has_resource_observed();
  before->second = was_observation ? Activity(sequence, message, cut) : "";
  if (!was_observation)
    Log("agent").error("uplink.number_left_out sequence={} reason='{}'", sequence, cut);
}

std::string_view SetAside::Replace(uint64_t sequence, std::string_view fact) const {
  const auto found = stand_ins_.find(sequence);
  return found == stand_ins_.end() ? fact : std::string_view(found->second);
}

void SetAside::Forget(uint64_t sequence_durable) {
  stand_ins_.erase(stand_ins_.begin(), stand_ins_.upper_bound(sequence_durable));
}

// The path, or why it could not be written.
std::string SetAside::Write(uint64_t sequence, const std::string& fact, const std::string& reason) {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  chmod(folder_.c_str(), 0700);
  v1::Fact message;
  std::string text = "# " + FormatInstant(clock_.Now()) + ": the engine refused fact " +
                     std::to_string(sequence) + ": " + reason + "\n";
  text += message.ParseFromString(fact)
              ? message.DebugString()
              : "# " + std::to_string(fact.size()) + " bytes that are no fact\n";
  if (text.size() > kTextBytesMax) {
    text.resize(kTextBytesMax);
    text += "\n# cut here\n";
  }
  const auto path = folder_ / fmt::format("{:020}.txt", sequence);
  if (const Status written = WriteFileAtomically(path, text, 0600); !written.ok())
    return "nowhere: " + Message(written);
  RemoveOldest();
  return path.string();
}

void SetAside::RemoveOldest() const {
  std::vector<std::filesystem::path> files;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error))
    if (entry.path().extension() == ".txt") files.push_back(entry.path());
  if (files.size() <= kFilesMax) return;
  std::sort(files.begin(), files.end());
  files.resize(files.size() - kFilesMax);
  for (const auto& file : files) std::filesystem::remove(file, error);
  Log("agent").warn("set_aside.oldest_removed files={} kept={}", files.size(), kFilesMax);
}

}  // namespace driftcast
