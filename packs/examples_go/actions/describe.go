package main

import (
	"encoding/json"
	"fmt"
	"os"
	"strconv"
)

type input struct {
	Parameters struct {
		Name    string `json:"name"`
		Numbers []int  `json:"numbers"`
	} `json:"parameters"`
	Secrets map[string]string `json:"secrets"`
	Context struct {
		Attempt int `json:"attempt"`
	} `json:"context"`
}

type result struct {
	Greeting    string `json:"greeting"`
	Sum         int    `json:"sum"`
	Numbers     []int  `json:"numbers"`
	IsFirst     bool   `json:"is_first"`
	TokenLength *int   `json:"token_length"`
}

func main() {
	var given input
	check(json.NewDecoder(os.Stdin).Decode(&given))
	told := result{
		Greeting: fmt.Sprintf("Hello, %s!", given.Parameters.Name),
		Numbers:  given.Parameters.Numbers,
		IsFirst:  given.Context.Attempt == 1,
	}
	for _, number := range told.Numbers {
		told.Sum += number
	}
	if token, isThere := given.Secrets["example_token"]; isThere {
		length := len(token)
		told.TokenLength = &length
	}
	descriptor, err := strconv.Atoi(os.Getenv("ATTUNE_RESULT_FD"))
	check(err)
	check(json.NewEncoder(os.NewFile(uintptr(descriptor), "result")).Encode(told))
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}
