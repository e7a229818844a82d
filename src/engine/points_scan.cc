#include "engine/points_scan.h"

#include "wire/proto_cursor.h"

namespace driftcast {
namespace {

// Field numbers of driftcast/v1/fact.proto.
constexpr uint32_t kMetricsObserved = 22, kPoints = 1;

bool AppendPoint(std::string_view bytes, const SeriesRow& series,
                 std::vector<SeriesPoint>& points) {
  std::string_view kind, name, metric;
  SeriesPoint point;
  ProtoCursor field(bytes);
  while (field.Next()) {
    if (field.IsBytes(1)) kind = field.bytes();
    if (field.IsBytes(2)) name = field.bytes();
    if (field.IsBytes(3)) metric = field.bytes();
    if (field.IsFixed64(4)) point.at = FromUnixMicros(field.signed_value());
    if (field.IsFixed64(5)) point.value = field.real();
  }
  if (metric == series.metric && kind == series.resource_kind && name == series.resource_name)
    points.push_back(point);
  return !field.failed();
}

}  // namespace

Status AppendPoints(std::string_view fact_bytes, const SeriesRow& series,
                    std::vector<SeriesPoint>& points) {
  bool sound = true;
  ProtoCursor fact(fact_bytes);
  while (sound && fact.Next()) {
    if (!fact.IsBytes(kMetricsObserved)) continue;
    ProtoCursor point(fact.bytes());
    while (sound && point.Next())
      if (point.IsBytes(kPoints)) sound = AppendPoint(point.bytes(), series, points);
    sound = sound && !point.failed();
  }
  if (!sound || fact.failed()) return DataLoss("stored points that cannot be read");
  return Ok();
}

}  // namespace driftcast
