#include "intel/image_reference.h"

#include <gtest/gtest.h>

namespace driftcast::intel {
namespace {

std::string Read(std::string_view text) {
  const auto image = ParseImageReference(text);
  return image ? image->ToText() : "none";
}

TEST(ImageReferenceTest, IsReadAsEnginesOfContainersDo) {
  const std::string digest = "@sha256:" + std::string(64, 'a');
  EXPECT_EQ(Read("nginx"), "docker.io/library/nginx:latest");
  EXPECT_EQ(Read("nginx:1.27-alpine"), "docker.io/library/nginx:1.27-alpine");
  EXPECT_EQ(Read("grafana/grafana:10.4.2"), "docker.io/grafana/grafana:10.4.2");
  EXPECT_EQ(Read("registry.example:5000/team/app:2"), "registry.example:5000/team/app:2");
  EXPECT_EQ(Read("localhost/app:dev"), "localhost/app:dev");
  EXPECT_EQ(Read("quay.io/a/b" + digest), "quay.io/a/b" + digest);
  EXPECT_EQ(Read("redis:7" + digest), "docker.io/library/redis:7" + digest);
  EXPECT_EQ(Read("docker://docker.io/library/nginx:1"), "docker.io/library/nginx:1");
  for (const char* none :
       {"", "nginx:${TAG}", "Nginx:1", "a b", "nginx:", "/nginx", "a//b", ":1", "nginx@sha256:12",
        "https://example.com/x", "nginx:-x", "a/:1", "[fp:1]"})
    EXPECT_EQ(Read(none), "none") << none;
}

TEST(ImageReferenceTest, TagsOfOneVariantHaveAnOrder) {
  EXPECT_TRUE(IsNewerTag("1.25.3", "1.27.0"));
  EXPECT_TRUE(IsNewerTag("1.9", "1.10"));
  EXPECT_TRUE(IsNewerTag("v1.2.3", "v2.0.0"));
  EXPECT_TRUE(IsNewerTag("1.25-alpine3.18", "1.27-alpine3.20"));
  for (const auto& [a, b] : {std::pair{"1.27.0", "1.25.3"},
                             {"1.25", "1.25"},
                             {"1.25", "1.27.1"},
                             {"1.25", "1.27-alpine"},
                             {"latest", "1.27"},
                             {"1.27", "latest"},
                             {"bookworm", "trixie"}})
    EXPECT_FALSE(IsNewerTag(a, b)) << a << " " << b;
}

TEST(ImageReferenceTest, FindsTheReleaseOfItsProduct) {
  const Instant now = FromUnixSeconds(1'760'000'000);
  Lifecycles lives;
  lives[{"nginx", "1.25"}] = {"", now - kDay * 900, now - kDay * 500, false};
  lives[{"nginx", "1.27"}] = {"", now - kDay * 400, now + kDay * 100, false};
  lives[{"nginx", "1.29"}] = {"", now + kDay, {}, false};
  lives[{"nginx", "1.9"}] = {"", now - kDay * 4000, {}, true};
  lives[{"postgresql", "16"}] = {"", now - kDay * 700, now + kDay * 900, false};
  const auto life = LifeOfImage(lives, *ParseImageReference("nginx:1.25.3-alpine"), now);
  ASSERT_NE(life, std::nullopt);
  EXPECT_EQ(life->release, "1.25");
  EXPECT_TRUE(life->ended);
  EXPECT_EQ(life->newest, "1.27") << "1.29 is not out yet, and 1.9 is older";
  const auto postgres = LifeOfImage(lives, *ParseImageReference("postgres:16.2"), now);
  ASSERT_NE(postgres, std::nullopt);
  EXPECT_FALSE(postgres->ended);
  EXPECT_EQ(postgres->newest, "");
  for (const char* none : {"nginx:latest", "nginx", "other:1.25", "nginx:2"})
    EXPECT_EQ(LifeOfImage(lives, *ParseImageReference(none), now), std::nullopt) << none;
}

}  // namespace
}  // namespace driftcast::intel
