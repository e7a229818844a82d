#include "teach/teacher.h"

#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "base/log.h"
#include "learn/refit.h"

namespace driftcast::teach {
namespace {

constexpr char kLastAt[] = "teach/last_at", kLast[] = "teach/last";
constexpr Duration kFirstAfter = kHour;  // of a start: nothing is refitted while hosts enrol
constexpr size_t kVersionsADay = 100;

int64_t UnixSeconds(Instant t) { return ToUnixMicros(t) / 1'000'000; }

// "2026-11-24", or with a number when there is one of that day.
std::string VersionAt(Instant now, const std::vector<ModelRow>& models) {
  const std::string day = FormatInstant(now).substr(0, 10);
  std::string version = day;
  for (size_t n = 2; n < kVersionsADay; ++n) {
    if (std::none_of(models.begin(), models.end(),
                     [&](const ModelRow& row) { return row.what.version == version; }))
      break;
    version = fmt::format("{}-{}", day, n);
  }
  return version;
}

// A folder that is empty, and vanishes with its owner.
class EmptyFolder {
 public:
  explicit EmptyFolder(const std::filesystem::path& path) : path_(path) {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
    std::filesystem::create_directories(path_, error_);
  }
  ~EmptyFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  EmptyFolder(const EmptyFolder&) = delete;
  EmptyFolder& operator=(const EmptyFolder&) = delete;
  const std::error_code& error() const { return error_; }

 private:
  const std::filesystem::path path_;
  std::error_code error_;
};

}  // namespace

Teacher::Teacher(TeacherOptions options, Engine& engine, const Clock* clock)
    : options_(std::move(options)), engine_(engine), clock_(clock) {
  {
    const MutexLock lock(mutex_);
    if (const auto at = engine_.GetSetting(kLastAt))
      if (const auto instant = ParseInstant(*at); instant.ok()) state_.last_at = *instant;
    state_.last = engine_.GetSetting(kLast).value_or("");
    state_.next_at = std::max(state_.last_at + options_.every, clock_->Now() + kFirstAfter);
  }
  thread_ = std::thread([this] { Run(); });
}

Teacher::~Teacher() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    wake_.SignalAll();
  }
  thread_.join();
}

Status Teacher::Refit(const Principal& by, const std::string& reason) {
  {
    const MutexLock lock(mutex_);
    if (state_.running || asked_) return FailedPrecondition("a refit is under way already");
    asked_ = true;
    wake_.SignalAll();
  }
  return engine_.AppendAudit(by, "model.refit_asked", "", reason);
}

TeacherState Teacher::State() const {
  const MutexLock lock(mutex_);
  return state_;
}

Instant Teacher::DriftedAt() const {
  return engine_.Ask([](const EngineView& view) { return view.ModelDriftedAt(); });
}

// False when it is time to stop.
bool Teacher::WaitForTurn() {
  const MutexLock lock(mutex_);
  // One refit a drift: what it brings is then the best there is.
  const auto has_drifted = [&] { return DriftedAt() > state_.last_at; };
  while (!stopping_ && !asked_ && clock_->Now() < state_.next_at && !has_drifted())
    wake_.WaitFor(mutex_, std::chrono::seconds(30));
  asked_ = false;
  if (stopping_) return false;
  state_.running = true;
  state_.done = 0;
  return true;
}

void Teacher::Run() {
  pthread_setname_np(pthread_self(), "teacher");
  setpriority(PRIO_PROCESS, static_cast<id_t>(syscall(SYS_gettid)), 19);
  while (WaitForTurn()) {
    std::string came = RefitOnce();
    Log("teach").info("model.refit result=\"{}\"", came);
    const Instant now = clock_->Now();
    for (const auto& [key, value] :
         {std::pair<std::string, std::string>{kLastAt, FormatInstant(now)}, {kLast, came}})
      if (const Status kept = engine_.PutSetting(key, value); !kept.ok())
        Log("teach").warn("setting.not_kept key={} reason=\"{}\"", key, Message(kept));
    const MutexLock lock(mutex_);
    state_.running = false;
    state_.last_at = now;
    state_.last = std::move(came);
    state_.next_at = now + options_.every;
  }
}

std::string Teacher::RefitOnce() {
  const EmptyFolder folder(options_.scratch);
  if (folder.error())
    return fmt::format("no refit: {}: {}", options_.scratch.string(), folder.error().message());
  const Instant now = clock_->Now();
  const ServingModel champion = engine_.ModelInService();
  if (champion.model->reference_only)
    return "no refit: the reference forecast serves, as somebody chose; let a trained model serve "
           "first (driftcast models use shipped)";
  learn::RefitOptions options;
  auto files = ExportPast(engine_, options_.scratch, options_.resources_max);
  if (!files.ok()) return "no refit: " + Message(files.status());
  if (files->empty()) return "no refit: nothing has changed yet that could be learnt from";
  options.files = *std::move(files);
  options.given = *predict::PretrainedModel();
  options.champion = *champion.model;
  options.champion_since = UnixSeconds(champion.row.what.learnt_until);
  const auto refit = learn::RefitModel(options, [&](double done, const char*) {
    const MutexLock lock(mutex_);
    state_.done = done;
  });
  if (!refit.ok()) return "no refit: " + Message(refit.status());
  const std::string& serving = champion.row.what.version;
  if (!refit->better) {
    (void)engine_.AppendAudit(Principal("engine"), "model.kept", serving, refit->why);
    return fmt::format("model {} stays; the refitted one: {}", serving, refit->why);
  }
  ModelPublished what;
  what.version = VersionAt(now, engine_.Ask([](const EngineView& view) { return view.Models(); }));
  what.by = Principal("engine");
  what.reason = refit->why;
  what.learnt_until = now;
  const Status published = engine_.PublishModel(what, refit->challenger.Serialize());
  if (!published.ok()) return "the refitted model could not be kept: " + Message(published);
  return fmt::format("model {} serves instead of {}: {}", what.version, serving, refit->why);
}

}  // namespace driftcast::teach
