#include <string_view>

#include "predict/drift_model.h"

extern "C" {
extern const char driftcast_pretrained_model[];
extern const char driftcast_pretrained_model_end[];
}

namespace driftcast::predict {

const DriftModel* PretrainedModel() {
  static const DriftModel* model = [] {
    const std::string_view bytes(
        driftcast_pretrained_model,
        static_cast<size_t>(driftcast_pretrained_model_end - driftcast_pretrained_model));
    auto parsed = DriftModel::Parse(bytes);
    DRIFTCAST_CHECK(parsed.ok(), "the pretrained model: {}", Describe(parsed.status()));
    return new DriftModel(*std::move(parsed));
  }();
  return model;
}

const DriftModel* ReferenceModel() {
  static const DriftModel* model = [] {
    auto* reference = new DriftModel(*PretrainedModel());
    reference->reference_only = true;
    return reference;
  }();
  return model;
}

}  // namespace driftcast::predict
