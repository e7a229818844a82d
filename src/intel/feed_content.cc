// The bytes of each kind of feed content.
#include <bit>

#include "base/bytes.h"
#include "intel/knowledge.h"

namespace driftcast::intel {
namespace {

void WriteKind(ByteWriter& out, FeedKind kind) { out.Unsigned(static_cast<uint64_t>(kind)); }

void WriteCve(ByteWriter& out, CveId cve) {
  out.Unsigned(cve.year);
  out.Unsigned(cve.number);
}

CveId ReadCve(ByteReader& in) {
  const uint64_t year = in.Unsigned(), number = in.Unsigned();
  return {static_cast<uint32_t>(year), static_cast<uint32_t>(number)};
}

void WriteFloat(ByteWriter& out, float value) { out.Unsigned(std::bit_cast<uint32_t>(value)); }

// Nothing outside of its range, and no NaN, gets in: it reads as 0.
float ReadFloat(ByteReader& in, float max) {
  const auto value = std::bit_cast<float>(static_cast<uint32_t>(in.Unsigned()));
  return value >= 0 && value <= max ? value : 0;
}

KevCatalogue ReadKev(ByteReader& in) {
  KevCatalogue catalogue;
  for (uint64_t n = in.Count(); n > 0 && in.ok(); --n) {
    KevEntry& entry = catalogue[ReadCve(in)];
    entry.added = in.Time();
    entry.due = in.Time();
    if (entry.added == Instant()) entry.added.reset();
    if (entry.due == Instant()) entry.due.reset();
    entry.ransomware = in.Bool();
    entry.name = in.Text();
  }
  return catalogue;
}

EpssScores ReadEpss(ByteReader& in) {
  const Instant at = in.Time();
  std::string model = in.Text();
  std::vector<EpssScores::Row> rows;
  uint64_t n = in.Count();
  rows.reserve(n);
  for (; n > 0 && in.ok(); --n) {
    EpssScores::Row row;
    row.cve = ReadCve(in);
    row.score.probability = ReadFloat(in, 1);
    row.score.percentile = ReadFloat(in, 1);
    rows.push_back(row);
  }
  return EpssScores(std::move(rows), at == Instant() ? std::nullopt : std::optional(at),
                    std::move(model));
}

CvssScores ReadCvss(ByteReader& in) {
  std::vector<CvssScores::Row> rows;
  for (uint64_t n = in.Count(); n > 0 && in.ok(); --n) {
    CvssScores::Row row;
    row.cve = ReadCve(in);
    row.score.base = ReadFloat(in, 10);
    row.score.network = in.Bool();
    row.score.published = in.Time();
    rows.push_back(row);
  }
  return CvssScores(std::move(rows));
}

Lifecycles ReadLifecycles(ByteReader& in) {
  Lifecycles lifecycles;
  for (uint64_t n = in.Count(); n > 0 && in.ok(); --n) {
    std::string product = in.Text(), release = in.Text();
    ReleaseLife& life = lifecycles[{std::move(product), std::move(release)}];
    life.codename = in.Text();
    life.released = in.Time();
    life.ends = in.Time();
    life.ended = in.Bool();
  }
  return lifecycles;
}

IndicatorSet ReadIndicators(ByteReader& in) {
  std::vector<Indicator> indicators;
  for (uint64_t n = in.Count(); n > 0 && in.ok(); --n) {
    Indicator indicator;
    indicator.type = static_cast<IndicatorType>(in.Enumerator<uint8_t>(7));
    indicator.value = in.Text();
    indicator.about = in.Text();
    indicator.confidence = static_cast<int>(in.Enumerator<uint8_t>(102)) - 1;
    indicator.from = in.Time();
    indicator.until = in.Time();
    indicators.push_back(std::move(indicator));
  }
  return IndicatorSet(std::move(indicators));
}

}  // namespace

std::string EncodeAdvisories(std::string_view advisory_set) {
  ByteWriter out;
  WriteKind(out, FeedKind::kAdvisories);
  return out.Take().append(advisory_set);
}

std::string EncodeContent(const KevCatalogue& catalogue) {
  ByteWriter out;
  WriteKind(out, FeedKind::kKev);
  out.Unsigned(catalogue.size());
  for (const auto& [cve, entry] : catalogue) {
    WriteCve(out, cve);
    out.Time(entry.added.value_or(Instant()));
    out.Time(entry.due.value_or(Instant()));
    out.Bool(entry.ransomware);
    out.Text(entry.name);
  }
  return out.Take();
}

std::string EncodeContent(const EpssScores& scores) {
  ByteWriter out;
  WriteKind(out, FeedKind::kEpss);
  out.Time(scores.scored_at().value_or(Instant()));
  out.Text(scores.model());
  out.Unsigned(scores.rows().size());
  for (const EpssScores::Row& row : scores.rows()) {
    WriteCve(out, row.cve);
    WriteFloat(out, row.score.probability);
    WriteFloat(out, row.score.percentile);
  }
  return out.Take();
}

std::string EncodeContent(const CvssScores& scores) {
  ByteWriter out;
  WriteKind(out, FeedKind::kCvss);
  out.Unsigned(scores.rows().size());
  for (const CvssScores::Row& row : scores.rows()) {
    WriteCve(out, row.cve);
    WriteFloat(out, row.score.base);
    out.Bool(row.score.network);
    out.Time(row.score.published);
  }
  return out.Take();
}

std::string EncodeContent(const Lifecycles& lifecycles) {
  ByteWriter out;
  WriteKind(out, FeedKind::kLifecycles);
  out.Unsigned(lifecycles.size());
  for (const auto& [release, life] : lifecycles) {
    out.Text(release.first);
    out.Text(release.second);
    out.Text(life.codename);
    out.Time(life.released);
    out.Time(life.ends);
    out.Bool(life.ended);
  }
  return out.Take();
}

std::string EncodeContent(const IndicatorFeed& feed) {
  ByteWriter out;
  WriteKind(out, feed.benign ? FeedKind::kBenign : FeedKind::kIndicators);
  out.Unsigned(feed.set.indicators().size());
  for (const Indicator& indicator : feed.set.indicators()) {
    out.Unsigned(static_cast<uint64_t>(indicator.type));
    out.Text(indicator.value);
    out.Text(indicator.about);
    out.Unsigned(static_cast<uint64_t>(indicator.confidence + 1));
    out.Time(indicator.from);
    out.Time(indicator.until);
  }
  return out.Take();
}

StatusOr<FeedContent> DecodeContent(std::string_view bytes) {
  ByteReader in(bytes);
  const auto kind = static_cast<FeedKind>(in.Unsigned());
  if (kind == FeedKind::kAdvisories) {
    DRIFTCAST_ASSIGN_OR_RETURN(auto set, AdvisorySet::Open(std::string(bytes.substr(1))));
    return FeedContent(std::move(set));
  }
  FeedContent content;
  if (kind == FeedKind::kKev)
    content = ReadKev(in);
  else if (kind == FeedKind::kEpss)
    content = ReadEpss(in);
  else if (kind == FeedKind::kCvss)
    content = ReadCvss(in);
  else if (kind == FeedKind::kLifecycles)
    content = ReadLifecycles(in);
  else if (kind == FeedKind::kIndicators || kind == FeedKind::kBenign)
    content = IndicatorFeed{ReadIndicators(in), kind == FeedKind::kBenign};
  else
    return DataLoss("content of a kind that is not known here");
  if (!in.done()) return DataLoss("a feed's content is cut off or has more than it says");
  return content;
}

}  // namespace driftcast::intel
