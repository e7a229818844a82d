// The same facts give the same state and effects, restarts or none.
#include <random>

#include "base/crypto.h"
#include "engine/shard_run.h"
#include "store/blob.h"
#include "wire/fact.h"

namespace driftcast {
namespace {

// A long made-up life of a few hosts.
std::vector<Fact> RandomLife(uint64_t seed, int steps) {
  std::mt19937_64 random(seed);
  std::map<std::string, Reporter> reporters;
  std::vector<Fact> facts;
  Instant now = kStart;
  for (const char* stack : {"a", "b", "c"}) {
    Reporter& reporter =
        reporters.emplace(stack, Reporter(std::string("agent-") + stack)).first->second;
    for (Fact fact : Enrolment(reporter)) {
      fact.stack = StackId(stack);
      if (auto* seen = std::get_if<ResourceObserved>(&fact.body)) seen->resource.stack = fact.stack;
      facts.push_back(fact);
    }
  }
  for (int i = 0; i < steps; ++i) {
    now += Duration(static_cast<int64_t>(random() % 1'200'000'000));
    auto entry = std::next(reporters.begin(), static_cast<std::ptrdiff_t>(random() % 3));
    const ResourceId id{StackId(entry->first), random() % 2 ? "file" : "package",
                        "n" + std::to_string(random() % 6)};
    Fact fact;
    switch (random() % 8) {
      case 0:
        fact = entry->second.Make(ResourceVanished{id, Means::kEvent, {}}, now);
        break;
      case 1:
        fact = Tick(now);
        break;
      case 2: {
        MetricsObserved metrics;
        metrics.points.push_back({"host", "h", "system.cpu.utilization", now, random() % 9 * 0.01});
        fact = entry->second.Make(metrics, now);
        break;
      }
      default:
        fact = entry->second.Saw(id,
                                 {{"version", Value::Integer(static_cast<int64_t>(random() % 4))},
                                  {"set[]", Value::Integer(static_cast<int64_t>(random() % 3))}},
                                 now);
        std::get<ResourceObserved>(fact.body).context = {
            {"candidate", Value::Integer(static_cast<int64_t>(random() % 4))}};
    }
    if (!fact.agent.empty()) fact.stack = StackId(entry->first);
    facts.push_back(fact);
  }
  return facts;
}

std::map<std::string, std::string> Content(const Store& store, Table table) {
  std::map<std::string, std::string> entries;
  EXPECT_TRUE(store
                  .Scan(table, "", "",
                        [&](std::string_view key, std::string_view bytes) {
                          entries.emplace(key, bytes);
                          return true;
                        })
                  .ok());
  return entries;
}

TEST(Replay, TheSameFactsGiveTheSameStateAndEffectsToTheByte) {
  for (const uint64_t seed : {1, 2, 3}) {
    ShardRun first, second;
    for (const Fact& fact : RandomLife(seed, 1500)) {
      ASSERT_TRUE(first.Apply(fact).ok());
      ASSERT_TRUE(second.Apply(*DecodeFact(EncodeFact(fact))).ok());
    }
    EXPECT_EQ(first.store().Digest(), second.store().Digest());
    EXPECT_EQ(first.EventsText(), second.EventsText());
  }
}

TEST(Replay, ARestartInBetweenChangesNothing) {
  ShardRun straight, restarted;
  int n = 0;
  for (const Fact& fact : RandomLife(4, 1000)) {
    ASSERT_TRUE(straight.Apply(fact).ok());
    ASSERT_TRUE(restarted.Apply(fact).ok());
    if (++n % 97 == 0) restarted.Restart();
  }
  EXPECT_EQ(straight.store().Digest(), restarted.store().Digest());
  EXPECT_EQ(straight.EventsText(), restarted.EventsText());
}

// Stacks with a past, so that forecasts do not abstain, of resources that are declared to be there,
// however they are: they do not drift while they exist, so they may alert.
std::vector<Fact> DeclaredResources() {
  std::vector<Fact> facts;
  for (const char* stack : {"a", "b", "c"}) {
    ChangeEvent event;
    event.at = kStart - 60 * kDay;
    event.kind = "file";
    event.resource = "n0";
    event.op = ChangeOp::kCreate;
    Fact past;
    past.at = kStart;
    past.stack = StackId(stack);
    past.body = PastChanges{{event}};
    facts.push_back(past);
    for (const char* kind : {"file", "package"})
      for (int n = 0; n < 6; ++n) {
        ExpectationSet wanted;
        wanted.resource = {StackId(stack), kind, "n" + std::to_string(n)};
        wanted.origin = Origin::kDeclared;
        Fact fact;
        fact.at = kStart;
        fact.body = wanted;
        facts.push_back(fact);
      }
  }
  return facts;
}

// With forecasts that lag behind, and a forecaster that is saved again and again.
TEST(Replay, ARestartInBetweenChangesNothingOfWhatIsLeftToDo) {
  ShardOptions options;
  options.alert_threshold = 0.02;
  options.forecast_log_min = 50;
  options.scored_at_once = 2;
  ShardRun straight(options), restarted(options);
  std::vector<Fact> facts = DeclaredResources();
  std::ranges::copy(RandomLife(6, 600), std::back_inserter(facts));
  for (const Fact& fact : facts) {
    ASSERT_TRUE(straight.Apply(fact).ok());
    ASSERT_TRUE(restarted.Apply(fact).ok());
    restarted.Restart();
  }
  EXPECT_EQ(straight.store().Digest(), restarted.store().Digest());
  EXPECT_EQ(straight.EventsText(), restarted.EventsText());
  EXPECT_NE(straight.EventsText().find("will probably drift"), std::string::npos);
}

// What an agent of tomorrow sends: an unknown field inside a part of each observation.
Fact FromTomorrow(const Fact& fact) {
  v1::Fact message;
  ToProto(fact, &message);
  for (auto& key : *message.mutable_resource_observed()->mutable_keys())
    key.GetReflection()->MutableUnknownFields(&key)->AddVarint(1000, 17);
  return *DecodeFact(message.SerializeAsString());
}

TEST(Replay, WhatIsNotUnderstoodIsStoredAndChangesNothing) {
  ShardRun today, tomorrow, replayed;
  size_t sent = 0, stored = 0;
  for (const Fact& fact : RandomLife(7, 500)) {
    const bool observed = std::holds_alternative<ResourceObserved>(fact.body);
    sent += observed ? 1 : 0;
    const Fact newer = observed ? FromTomorrow(fact) : fact;
    ASSERT_TRUE(today.Apply(fact).ok());
    ASSERT_TRUE(tomorrow.Apply(newer).ok());
    ASSERT_TRUE(replayed.Apply(*DecodeFact(EncodeFact(newer))).ok());
  }
  EXPECT_EQ(today.EventsText(), tomorrow.EventsText());
  for (const Table table : {Table::kState, Table::kHistory, Table::kAudit, Table::kOutbox})
    EXPECT_EQ(Content(today.store(), table), Content(tomorrow.store(), table));
  EXPECT_EQ(tomorrow.store().Digest(), replayed.store().Digest());
  for (const auto& [key, bytes] : Content(tomorrow.store(), Table::kFacts)) {
    v1::Fact fact;
    ASSERT_TRUE(fact.ParseFromString(bytes));
    if (fact.received().empty()) continue;
    ++stored;
    v1::Fact received;
    ASSERT_TRUE(received.ParseFromString(fact.received()));
    for (const auto& part : received.resource_observed().keys())
      EXPECT_EQ(part.GetReflection()->GetUnknownFields(part).field_count(), 1);
  }
  EXPECT_EQ(stored, sent);
}

// A model like the shipped one that says `shift` more on the logit scale.
std::string ModelBytes(float shift) {
  predict::DriftModel model = *predict::PretrainedModel();
  for (predict::Head& head : model.heads) head.calibration.shift += shift;
  return model.Serialize();
}

// Without bytes, one of the two that the program has.
Fact Publish(ShardRun& run, Instant at, const std::string& bytes, const std::string& version) {
  ModelPublished what;
  if (!bytes.empty()) what.digest = *PutBlob(run.store(), bytes);
  if (version == kReferenceModel) what.digest = version;
  what.version = version;
  what.by = Principal("engine");
  Fact fact;
  fact.at = at;
  fact.body = what;
  return fact;
}

// The daily comparison of forecasts with what happened depends on the model that made them.
TEST(Replay, ARestartLearnsEachLessonWithTheModelOfItsTime) {
  for (const uint64_t log_min : {50, 100000}) {
    ShardOptions options;
    options.alert_threshold = 0.02;
    options.forecast_log_min = log_min;
    ShardRun straight(options), restarted(options);
    std::vector<Fact> facts = DeclaredResources();
    std::ranges::copy(RandomLife(8, 700), std::back_inserter(facts));
    for (size_t i = 0; i < facts.size(); ++i) {
      for (ShardRun* run : {&straight, &restarted}) {
        ASSERT_TRUE(run->Apply(facts[i]).ok());
        const auto publish = [&](const std::string& bytes, const std::string& version) {
          ASSERT_TRUE(run->Apply(Publish(*run, facts[i].at, bytes, version)).ok());
        };
        if (i == 200) publish(ModelBytes(2), "a");
        if (i == 350) publish(ModelBytes(-1), "b");
        if (i == 450) publish("", "reference");
        if (i == 550) publish("", "shipped");
      }
      if (i % 7 == 0) restarted.Restart();
    }
    EXPECT_EQ(straight.store().Digest(), restarted.store().Digest());
    EXPECT_EQ(straight.EventsText(), restarted.EventsText());
  }
}

TEST(ShardModels, ServeAreKeptForGoingBackAndRefusedWhenTheyAreNone) {
  ShardRun run;
  ASSERT_EQ(run.view().Models().size(), 2u);
  EXPECT_EQ(run.view().Models()[0].what.version, "shipped");
  EXPECT_TRUE(run.view().Models()[0].serves);
  EXPECT_EQ(run.view().Models()[1].what.version, "reference");
  for (int n = 1; n <= 5; ++n) {
    const std::string version = std::to_string(n);
    ASSERT_TRUE(run.Apply(Publish(run, kStart + n * kHour, ModelBytes(n * 0.1f), version)).ok());
    run.Restart();
    ASSERT_FALSE(run.view().Models().empty());
    EXPECT_EQ(run.view().Models()[0].what.version, version);
    EXPECT_EQ(run.view().Track().model, version);
  }
  const std::vector<ModelRow> models = run.view().Models();
  ASSERT_EQ(models.size(), 6u);  // four of the five, the shipped one and the reference
  EXPECT_EQ(models[3].what.version, "2");
  EXPECT_EQ(models[4].what.version, "shipped");
  EXPECT_TRUE(models[0].serves);
  EXPECT_FALSE(models[4].serves);
  EXPECT_EQ(ReadBlob(run.store(), models[3].what.digest).ok(), true);
  const std::string dropped = Hex(Sha256(ModelBytes(0.1f)));
  EXPECT_EQ(ReadBlob(run.store(), dropped).status().code(), StatusCode::kNotFound);

  // The fallback is one of them, though it has no bytes.
  ASSERT_TRUE(run.Apply(Publish(run, kStart + 9 * kHour, "", "reference")).ok());
  run.Restart();
  EXPECT_EQ(run.view().Models().size(), 5u);
  EXPECT_EQ(run.view().Models()[0].what.version, "reference");
  EXPECT_TRUE(run.view().Models()[0].serves);
  EXPECT_EQ(run.view().Track().model, "reference");

  EXPECT_EQ(run.Apply(Publish(run, kStart, "no model", "bad")).code(),
            StatusCode::kInvalidArgument);
  EXPECT_EQ(run.Apply(Publish(run, kStart, ModelBytes(1), "")).code(),
            StatusCode::kInvalidArgument);
}

TEST(Replay, OneGoldenDigestInEveryBuild) {
  ShardRun run;
  for (const Fact& fact : RandomLife(5, 1000)) ASSERT_TRUE(run.Apply(fact).ok());
  // Moves when the format or meaning of the state moves, or the shipped model; the change says why.
  EXPECT_EQ(run.store().Digest(),
            "088dd9e9d514185b88812e11a84e57305e2eb2b42de170b2ff1bf03786810659");
}

}  // namespace
}  // namespace driftcast
