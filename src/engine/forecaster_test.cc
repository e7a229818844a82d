#include "engine/forecaster.h"

#include <gtest/gtest.h>

namespace driftcast {
namespace {

const Instant kNow = *ParseInstant("2026-05-04T12:00:00Z");
constexpr size_t kWithinDay = 2;

// A resource that the forecaster has heard of once, long ago.
struct Known {
  Forecaster forecaster;
  ResourceId id;
  ResourceState state;

  Known(const char* kind, const char* name) : id{StackId("web-1"), kind, name} {
    ChangeEvent created;
    created.at = kNow - kDay * 300;
    created.stack = "web-1";
    created.kind = kind;
    created.resource = name;
    created.op = ChangeOp::kCreate;
    forecaster.Learn(created, true);
    forecaster.Advance(kNow);
  }

  Known& Observed(const char* path, const char* value) {
    KeyState key;
    key.path = path;
    key.observed = Value::Text(value);
    state.keys.push_back(key);
    return *this;
  }

  Known& Context(const char* path, const std::string& value) {
    state.context.push_back({path, Value::Text(value)});
    return *this;
  }

  float WithinDay() const { return forecaster.RisksOf(id, state, kNow)[kWithinDay]; }
};

TEST(Forecaster, AUnitThatRunsSoonDoesNotChangeByThat) {
  Known timer("unit", "man-db.timer");
  const float before = timer.Observed("enabled", "enabled").WithinDay();
  EXPECT_LT(before, 0.3);
  timer.Context("next_run", FormatInstant(kNow + kHour * 2));
  EXPECT_EQ(timer.WithinDay(), before);
  EXPECT_FALSE(timer.forecaster.Predict(timer.id, timer.state, {}, kNow).due_at);
}

TEST(Forecaster, APackageChangesWithTheRunThatBringsItsPendingVersion) {
  Known package("package", "openssl");
  package.Observed("version", "3.0.11-1").Context("candidate", "3.0.15-1");
  const float pending = package.WithinDay();
  package.Context("next_run", FormatInstant(kNow + kHour * 2));
  EXPECT_GE(package.WithinDay(), 0.9F);
  EXPECT_GT(package.WithinDay(), pending);
  EXPECT_EQ(package.forecaster.Predict(package.id, package.state, {}, kNow).due_at,
            kNow + kHour * 2);
}

TEST(Forecaster, ARunWithoutAPendingVersionChangesNoPackage) {
  Known package("package", "openssl");
  package.Observed("version", "3.0.15-1").Context("candidate", "3.0.15-1");
  const float before = package.WithinDay();
  package.Context("next_run", FormatInstant(kNow + kHour * 2));
  EXPECT_EQ(package.WithinDay(), before);
}

TEST(Forecaster, ACertificateIsRenewedByItsEnd) {
  Known certificate("certificate", "/etc/ssl/web.pem");
  certificate.Context("due", FormatInstant(kNow + kHour * 20));
  EXPECT_GE(certificate.WithinDay(), 0.9F);
}

}  // namespace
}  // namespace driftcast
