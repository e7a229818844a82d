// A made history and the probabilities that an independent implementation (Python, straight from
// the formula in reference_rate.h, over the whole history at once) gives for it.
#ifndef DRIFTCAST_PREDICT_REFERENCE_FIXTURE_H_
#define DRIFTCAST_PREDICT_REFERENCE_FIXTURE_H_

#include <cstdint>

#include "model/change.h"

namespace driftcast::predict {

struct FixtureEvent {
  int64_t seconds;
  const char* resource;
  ChangeOp op;
  bool mass;
};

struct FixtureAnswer {
  int64_t cutoff;  // events up to here, included, are known
  const char* resource;
  double p_1d, p_7d;
};

constexpr FixtureEvent kFixtureEvents[] = {
    {1700003723, "db", ChangeOp::kCreate, false},
    {1700021723, "web", ChangeOp::kCreate, false},
    {1700021723, "proxy", ChangeOp::kCreate, false},
    {1700021723, "cache", ChangeOp::kCreate, false},
    {1700108123, "web", ChangeOp::kAdd, true},
    {1700126123, "web", ChangeOp::kAdd, false},
    {1700126123, "web", ChangeOp::kAdd, false},
    {1700298940, "proxy", ChangeOp::kAdd, false},
    {1700298940, "proxy", ChangeOp::kAdd, false},
    {1700299000, "cache", ChangeOp::kRemove, false},
    {1700817400, "db", ChangeOp::kChange, true},
    {1700990217, "web", ChangeOp::kChange, false},
    {1701008217, "cache", ChangeOp::kChange, false},
    {1701008217, "cache", ChangeOp::kAdd, false},
    {1701008277, "web", ChangeOp::kChange, false},
    {1701008277, "web", ChangeOp::kChange, false},
    {1701008277, "web", ChangeOp::kChange, false},
    {1701026277, "queue", ChangeOp::kCreate, false},
    {1701026277, "web", ChangeOp::kChange, false},
    {1701026277, "web", ChangeOp::kRemove, false},
    {1701544677, "queue", ChangeOp::kDelete, false},
    {1701544677, "cache", ChangeOp::kAdd, false},
    {1701548277, "proxy", ChangeOp::kChange, false},
    {1701548277, "proxy", ChangeOp::kRemove, false},
    {1701566277, "cache", ChangeOp::kChange, true},
    {1702084677, "cache", ChangeOp::kChange, false},
    {1702603077, "queue", ChangeOp::kCreate, false},
    {1702603077, "db", ChangeOp::kAdd, false},
    {1702603077, "db", ChangeOp::kRemove, false},
    {1702621077, "cache", ChangeOp::kAdd, false},
    {1702621077, "cache", ChangeOp::kAdd, false},
    {1702793894, "db", ChangeOp::kDelete, false},
    {1703312294, "proxy", ChangeOp::kAdd, true},
    {1703312294, "proxy", ChangeOp::kRemove, false},
    {1703398694, "cache", ChangeOp::kChange, false},
    {1703917094, "proxy", ChangeOp::kChange, true},
    {1703917094, "proxy", ChangeOp::kRemove, false},
    {1703917154, "web", ChangeOp::kAdd, true},
    {1703917154, "web", ChangeOp::kRemove, true},
    {1703917154, "proxy", ChangeOp::kChange, false},
    {1703917154, "db", ChangeOp::kCreate, false},
    {1704003554, "queue", ChangeOp::kChange, false},
    {1704003554, "queue", ChangeOp::kChange, true},
    {1704521954, "queue", ChangeOp::kChange, false},
    {1704521954, "queue", ChangeOp::kAdd, true},
    {1704694771, "cache", ChangeOp::kRemove, false},
    {1704694771, "cache", ChangeOp::kAdd, false},
    {1704781171, "cache", ChangeOp::kRemove, false},
    {1704953988, "web", ChangeOp::kRemove, false},
    {1704953988, "web", ChangeOp::kAdd, false},
    {1704954048, "proxy", ChangeOp::kRemove, false},
    {1704954048, "proxy", ChangeOp::kAdd, false},
    {1705472448, "queue", ChangeOp::kAdd, false},
    {1705476048, "web", ChangeOp::kChange, false},
    {1705476048, "web", ChangeOp::kRemove, false},
    {1705479648, "queue", ChangeOp::kChange, true},
    {1705479648, "queue", ChangeOp::kAdd, false},
    {1705479708, "cache", ChangeOp::kChange, false},
    {1705483308, "web", ChangeOp::kChange, false},
    {1706001708, "db", ChangeOp::kChange, false},
    {1706005308, "web", ChangeOp::kChange, false},
    {1706005308, "web", ChangeOp::kAdd, false},
    {1706005368, "db", ChangeOp::kDelete, false},
    {1706091768, "queue", ChangeOp::kRemove, false},
    {1706109768, "cache", ChangeOp::kAdd, true},
    {1706282585, "web", ChangeOp::kChange, false},
    {1706282645, "db", ChangeOp::kCreate, false},
    {1706282645, "cache", ChangeOp::kRemove, false},
    {1706369045, "queue", ChangeOp::kRemove, false},
    {1706387045, "proxy", ChangeOp::kRemove, true},
    {1706387045, "proxy", ChangeOp::kAdd, false},
    {1706387045, "queue", ChangeOp::kAdd, false},
    {1706405045, "proxy", ChangeOp::kChange, false},
    {1706491445, "proxy", ChangeOp::kRemove, true},
    {1706491505, "cache", ChangeOp::kDelete, false},
    {1706491505, "proxy", ChangeOp::kAdd, false},
    {1706577905, "proxy", ChangeOp::kRemove, false},
    {1706664305, "proxy", ChangeOp::kRemove, false},
    {1706667905, "proxy", ChangeOp::kChange, true},
    {1706667905, "queue", ChangeOp::kRemove, false},
    {1706667905, "db", ChangeOp::kAdd, false},
    {1706840722, "cache", ChangeOp::kCreate, false},
    {1706840782, "cache", ChangeOp::kAdd, false},
    {1706840782, "cache", ChangeOp::kAdd, false},
    {1706858782, "db", ChangeOp::kAdd, false},
    {1706945182, "queue", ChangeOp::kChange, false},
    {1707117999, "cache", ChangeOp::kDelete, false},
    {1707204399, "queue", ChangeOp::kChange, false},
    {1707290799, "cache", ChangeOp::kCreate, false},
    {1707377199, "web", ChangeOp::kAdd, true},
    {1707380799, "web", ChangeOp::kChange, false},
};

constexpr FixtureAnswer kFixtureAnswers[] = {
    {1700438400, "db", 0.05076499326871875, 0.30558958970840699},
    {1700611200, "web", 0.07951805066232398, 0.44010455436246343},
    {1700697600, "db", 0.038075529839181943, 0.23794413567155637},
    {1701129600, "proxy", 0.078916614960765075, 0.43753871011988288},
    {1701216000, "cache", 0.10942131932106336, 0.55566956561344272},
    {1701475200, "queue", 0.050721093401061013, 0.30536475467479673},
    {1701648000, "proxy", 0.095050104951928671, 0.50298243418531818},
    {1701907200, "db", 0.030487900639342036, 0.19485771903125992},
    {1702080000, "cache", 0.098155025952170738, 0.51479728180917395},
    {1702080000, "web", 0.11830103261919378, 0.58576925958089721},
    {1702512000, "db", 0.025048185880679252, 0.16269812828057106},
    {1702598400, "cache", 0.1018049149295116, 0.52837727867135931},
    {1703030400, "cache", 0.11030800812598029, 0.55875705913494345},
    {1703808000, "web", 0.070581418824598896, 0.40092740174399577},
    {1703808000, "cache", 0.10638180066158609, 0.54494484875170901},
    {1704067200, "db", 0.034897844098879749, 0.22014654523807886},
    {1704326400, "db", 0.032565268088775912, 0.2068565817271476},
    {1704499200, "queue", 0.038614499746179809, 0.24092799573500967},
    {1704585600, "proxy", 0.084262661510854708, 0.45999664507408522},
    {1704585600, "cache", 0.088938010032928783, 0.47900267197416802},
    {1704585600, "web", 0.059397321705973449, 0.34860641506407963},
    {1704758400, "db", 0.030499790189845055, 0.19492683316967785},
    {1705017600, "db", 0.030208817588342818, 0.19323394359436064},
    {1705017600, "queue", 0.054932895179637953, 0.32665362277289278},
    {1705104000, "proxy", 0.094032003050257829, 0.49905505749036216},
    {1705363200, "proxy", 0.087906820586320933, 0.47486077759874201},
    {1705449600, "web", 0.065583278487839403, 0.37800884170294857},
    {1705449600, "proxy", 0.08599186696108696, 0.46709423145920748},
    {1705536000, "queue", 0.087115307071089498, 0.47166245381435978},
    {1705536000, "web", 0.10007883858206823, 0.52199630932122665},
    {1705708800, "web", 0.095943549187766708, 0.50640716616358439},
    {1705881600, "web", 0.092046006116338619, 0.49131737547141752},
    {1705968000, "queue", 0.077682795966294127, 0.43224343142532096},
    {1705968000, "db", 0.026516403996910798, 0.17148483153425531},
    {1706227200, "cache", 0.10932764206269252, 0.55534229800155055},
    {1706313600, "web", 0.11607215619207767, 0.57838340066505711},
    {1706745600, "db", 0.055478483711339122, 0.32936998116757521},
    {1706745600, "proxy", 0.14560643332891754, 0.66764226767238166},
    {1707091200, "db", 0.067518324853715228, 0.38696941653129857},
    {1707350400, "cache", 0.11730315061797336, 0.58247639351529801},
};

}  // namespace driftcast::predict

#endif  // DRIFTCAST_PREDICT_REFERENCE_FIXTURE_H_
