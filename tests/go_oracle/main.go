// Reads texts, one JSON string a line, and says how Kubernetes reads each: {"value": …} or {"error": "…"}, a line each.
package main

import (
	"bufio"
	"encoding/json"
	"io"
	"log"
	"os"

	"sigs.k8s.io/yaml"
)

type answer struct {
	Value json.RawMessage `json:"value,omitempty"`
	Error string          `json:"error,omitempty"`
}

func main() {
	in := json.NewDecoder(bufio.NewReader(os.Stdin))
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for {
		var text string
		if err := in.Decode(&text); err == io.EOF {
			return
		} else if err != nil {
			log.Fatal(err)
		}
		value, err := yaml.YAMLToJSON([]byte(text))
		said := answer{Value: value}
		if err != nil {
			said = answer{Error: err.Error()}
		}
		line, err := json.Marshal(said)
		if err != nil {
			log.Fatal(err)
		}
		out.Write(line)
		out.WriteByte('\n')
	}
}
