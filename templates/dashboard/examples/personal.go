package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
)

const body = `{{ v.body }}`

func main() {
	var link struct {
		URL string `json:"url"`
	}
	wanted := map[string]any{}
	if err := json.Unmarshal([]byte(body), &wanted); err != nil {
		log.Fatal(err)
	}
	token := wanted["token"].(map[string]any)
	token["clientId"] = "customer-42"
	token["externalRef"] = "order-1001"
	data, _ := json.Marshal(wanted)

	request, err := http.NewRequest("POST", "{{ v.base }}/api/v1/links", bytes.NewReader(data))
	if err != nil {
		log.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+os.Getenv("ENTRYPASS_KEY"))
	request.Header.Set("Content-Type", "application/json")
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	text, _ := io.ReadAll(answer.Body)
	if answer.StatusCode != http.StatusCreated {
		log.Fatal(string(text))
	}
	if err := json.Unmarshal(text, &link); err != nil {
		log.Fatal(err)
	}
	fmt.Println(link.URL)
}
