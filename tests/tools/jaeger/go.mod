// Builds Jaeger, the real trace backend of the tests and the demo, from the Go module proxy.
// v1.76.0 is the tag of Jaeger 2.13.0; its own go.mod needs the replace below, which is why
// `go install` refuses it and an own module is used.
module jaeger-build

go 1.24

require github.com/jaegertracing/jaeger v1.76.0

replace github.com/Shopify/sarama => github.com/Shopify/sarama v1.33.0
