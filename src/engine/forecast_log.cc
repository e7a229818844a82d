#include "engine/forecast_log.h"

#include "base/bytes.h"

namespace driftcast {
namespace {

constexpr uint64_t kFormat = 1, kLessonFormat = 2;
constexpr char kSaved[] = "forecaster";
constexpr std::string_view kPieces = "fs/", kLessons = "fl/";

std::string PiecesOf(uint64_t number) { return std::string(kPieces) + OrderedNumber(number); }

bool SameHead(const ChangeEvent& a, const ChangeEvent& b) {
  return a.at == b.at && a.stack == b.stack && a.kind == b.kind && a.resource == b.resource &&
         a.actor == b.actor && a.bot == b.bot && a.change_id == b.change_id;
}

void WriteHead(ByteWriter& out, const ChangeEvent& event) {
  out.Time(event.at);
  out.Text(event.stack);
  out.Text(event.kind);
  out.Text(event.resource);
  out.Text(event.actor);
  out.Bool(event.bot);
  out.Unsigned(event.change_id);
}

void ReadHead(ByteReader& in, ChangeEvent& event) {
  event.at = in.Time();
  event.stack = in.Text();
  event.kind = in.Text();
  event.resource = in.Text();
  event.actor = in.Text();
  event.bot = in.Bool();
  event.change_id = in.Unsigned();
}

// The pieces of a saved state, one after the other.
StatusOr<std::string> ReadPieces(const Store& store, uint64_t number, uint64_t pieces) {
  std::string bytes;
  uint64_t found = 0;
  const std::string prefix = PiecesOf(number);
  DRIFTCAST_RETURN_IF_ERROR(store.Scan(Table::kState, prefix, PrefixEnd(prefix),
                                       [&](std::string_view, std::string_view piece) {
                                         if (found == 0) bytes.reserve(pieces * piece.size());
                                         bytes += piece;
                                         return ++found < pieces;
                                       }));
  if (found != pieces) return DataLoss("the saved forecast has {} of its {} pieces", found, pieces);
  return bytes;
}

}  // namespace

std::string LessonKey(uint64_t number) { return std::string(kLessons) + OrderedNumber(number); }

std::string EncodeLesson(const LessonRecord& lesson) {
  ByteWriter out;
  out.Unsigned(kLessonFormat);
  out.Time(lesson.told);
  out.Unsigned(lesson.events.size());
  const ChangeEvent* before = nullptr;
  for (const ChangeEvent& event : lesson.events) {
    const bool same = before != nullptr && SameHead(*before, event);
    out.Bool(same);
    if (!same) WriteHead(out, event);
    out.Unsigned(static_cast<uint64_t>(event.op));
    out.Text(event.path);
    out.Text(event.old_value);
    out.Text(event.new_value);
    before = &event;
  }
  return out.Take();
}

StatusOr<LessonRecord> DecodeLesson(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.Unsigned() != kLessonFormat) return DataLoss("a lesson of an unknown format");
  LessonRecord lesson;
  lesson.told = in.Time();
  std::vector<ChangeEvent>& events = lesson.events;
  for (uint64_t n = in.Count(); n > 0 && in.ok(); --n) {
    const bool same = in.Bool();
    if (same && events.empty()) return DataLoss("a lesson that begins in the middle");
    ChangeEvent event;
    if (same) event = events.back();
    if (!same) ReadHead(in, event);
    event.op = in.Enumerator<ChangeOp>(7);
    event.path = in.Text();
    event.old_value = in.Text();
    event.new_value = in.Text();
    events.push_back(std::move(event));
  }
  if (!in.done()) return DataLoss("a lesson that cannot be read");
  return lesson;
}

void SaveForecaster(const Forecaster& forecaster, uint64_t number,
                    const std::function<void(WriteBatch)>& commit) {
  uint64_t pieces = 0;
  forecaster.Serialize([&](std::string piece) {
    WriteBatch batch;
    batch.Put(Table::kState, PiecesOf(number) + OrderedNumber(pieces++), std::move(piece));
    commit(std::move(batch));
  });
  ByteWriter saved;
  saved.Unsigned(kFormat);
  saved.Unsigned(number);
  saved.Unsigned(pieces);
  WriteBatch batch;
  batch.Put(Table::kState, kSaved, saved.Take());
  batch.DeleteRange(Table::kState, std::string(kPieces), PiecesOf(number));
  batch.DeleteRange(Table::kState, std::string(kLessons), LessonKey(number));
  commit(std::move(batch));
}

StatusOr<uint64_t> LoadForecaster(const Store& store, std::span<const ModelTurn> turns,
                                  Forecaster& forecaster) {
  uint64_t number = 0;
  DRIFTCAST_ASSIGN_OR_RETURN(const auto saved, store.Get(Table::kState, kSaved));
  if (saved) {
    ByteReader in(*saved);
    if (in.Unsigned() != kFormat) return DataLoss("a saved forecast of an unknown format");
    number = in.Unsigned();
    const uint64_t pieces = in.Unsigned();
    if (!in.done()) return DataLoss("the record of the saved forecast cannot be read");
    DRIFTCAST_ASSIGN_OR_RETURN(const std::string bytes, ReadPieces(store, number, pieces));
    const Status restored = forecaster.Restore(bytes);
    // After an upgrade that changed what the forecast remembers, it starts to learn anew.
    if (restored.code() == StatusCode::kFailedPrecondition)
      forecaster = Forecaster();
    else
      DRIFTCAST_RETURN_IF_ERROR(restored);
  }
  // A turn at the very number of the saved state may have come before or after it was saved: time
  // that was told already is not told again, so both come out the same.
  size_t next = 0;
  const auto take_turns = [&](uint64_t before) {
    for (; next < turns.size() && turns[next].from < before; ++next) {
      const ModelTurn& turn = turns[next];
      if (turn.from >= number) forecaster.Advance(turn.told);
      forecaster.Use(turn.model, turn.version);
    }
  };
  take_turns(number);
  uint64_t learnt = number;
  const auto learn = [&](std::string_view bytes) -> Status {
    DRIFTCAST_ASSIGN_OR_RETURN(const LessonRecord lesson, DecodeLesson(bytes));
    take_turns(learnt + 1);
    forecaster.Advance(lesson.told);
    for (const ChangeEvent& event : lesson.events)
      forecaster.Learn(event, true);  // at the time taken then
    learnt += lesson.events.size();
    return Ok();
  };
  Status result = Ok();
  DRIFTCAST_RETURN_IF_ERROR(store.Scan(Table::kState, LessonKey(number), PrefixEnd(kLessons),
                                       [&](std::string_view, std::string_view bytes) {
                                         result = learn(bytes);
                                         return result.ok();
                                       }));
  DRIFTCAST_RETURN_IF_ERROR(result);
  take_turns(UINT64_MAX);
  return number;
}

}  // namespace driftcast
